#!/usr/bin/perl
# rfc: 5258 LIST-EXTENDED
# rfc: 5819 LIST-STATUS
# rfc: 3348 CHILDREN
# rfc: 8440 LIST-MYRIGHTS
# rfc: 9590 LIST-METADATA
# rfc: 2193 MAILBOX-REFERRALS
# list_extended.t - every selection and return option of LIST, in both namespaces and with each right
# covers: NS-02 NS-11 NS-12 NS-15 AC-02 AC-39 AN-01
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

sub lines { my ($c, $command) = @_; return [ map { s/^\* //r } $c->ok($command) ] }
sub bad { my ($c, $command, $why) = @_; is($c->cmd($command)->{status}, 'BAD', $why // $command) }

# The tree of RFC 5258 5: fruits, some subscribed, one of these gone.
for my $alt (0, 1) {
    my $i = Halcyon::Test->new(conf => $alt ? { altnamespace => 'yes', unixhierarchysep => 'yes' } : {});
    $i->create_users('alice', 'bob');
    my ($c, $b, $adm) = map { $i->imap(user => $_) } qw(alice bob cyrus);
    my ($s, $pre) = $alt ? ('/', '') : ('.', 'INBOX.');
    my $n = sub { my ($name) = @_; return $name eq 'INBOX' ? $name : $pre . $name =~ s/\//$s/gr };
    $c->ok('CREATE ' . $n->($_)) for qw(Fruit/Apple Fruit/Banana Fruit/Peach Tofu Vegetable/Broccoli Vegetable/Corn);
    $c->ok('SUBSCRIBE ' . $n->($_)) for qw(INBOX Fruit/Banana Fruit/Peach Vegetable Vegetable/Broccoli);
    $c->ok('DELETE ' . $n->('Fruit/Peach'));
    my $l = sub { my ($attributes, $name, $more) = @_; return "LIST ($attributes) \"$s\" " . $n->($name) . ($more ? " $more" : '') };
    my $sub = '(CHILDINFO ("SUBSCRIBED"))';

    is_deeply(lines($c, 'LIST "" *'), [ $l->($alt ? '\HasNoChildren' : '\HasChildren', 'INBOX'), $l->('\HasChildren', 'Fruit'), $l->('\HasNoChildren', 'Fruit/Apple'), $l->('\HasNoChildren', 'Fruit/Banana'), $l->('\HasNoChildren', 'Tofu'),
        $l->('\HasChildren', 'Vegetable'), $l->('\HasNoChildren', 'Vegetable/Broccoli'), $l->('\HasNoChildren', 'Vegetable/Corn') ], 'the complete set');
    is_deeply(lines($c, 'LIST (SUBSCRIBED) "" "*"'), [ $l->(($alt ? '\HasNoChildren' : '\HasChildren') . ' \Subscribed', 'INBOX'), $l->('\HasNoChildren \Subscribed', 'Fruit/Banana'), $l->('\NonExistent \HasNoChildren \Subscribed', 'Fruit/Peach'),
        $l->('\HasChildren \Subscribed', 'Vegetable'), $l->('\HasNoChildren \Subscribed', 'Vegetable/Broccoli') ], 'subscribed ones, existing or not');
    is_deeply(lines($c, "LIST (SUBSCRIBED RECURSIVEMATCH) \"\" \"$pre%\""), [ ($alt ? $l->('\HasNoChildren \Subscribed', 'INBOX') : ()), $l->('\HasChildren', 'Fruit', $sub), $l->('\HasChildren \Subscribed', 'Vegetable', $sub) ], 'RECURSIVEMATCH');
    is_deeply(lines($c, "LIST (RECURSIVEMATCH SUBSCRIBED REMOTE) \"\" \"${pre}Fruit\""), [ $l->('\HasChildren', 'Fruit', $sub) ], 'in any order, on a name of its own');
    is_deeply(lines($c, "LIST (REMOTE) \"\" ${pre}T*"), [ $l->('\HasNoChildren', 'Tofu') ], 'REMOTE: there are no other servers');
    is_deeply(lines($c, "LIST () \"\" ${pre}T*"), [ $l->('\HasNoChildren', 'Tofu') ], 'no option at all');
    is_deeply(lines($c, "LIST \"\" (${pre}T* ${pre}Veg%)"), [ $l->('\HasNoChildren', 'Tofu'), $l->('\HasChildren', 'Vegetable') ], 'two patterns');
    is_deeply(lines($c, "LIST \"$pre\" (T* Veg% *o)"), [ $l->('\HasNoChildren', 'Tofu'), $l->('\HasChildren', 'Vegetable') ], 'with a reference; each name once') ;
    is_deeply(lines($c, 'LIST "" (' . join(' ', map { $n->("nosuch$_") } 1 .. 20) . ' ' . $n->('Tofu') . ')'), [ $l->('\HasNoChildren', 'Tofu') ], 'many patterns');
    is_deeply(lines($c, "LIST (SUBSCRIBED) \"\" ${pre}Veg% RETURN (CHILDREN)"), [ $l->('\HasChildren \Subscribed', 'Vegetable') ], 'RETURN CHILDREN');
    is_deeply(lines($c, "LIST \"\" ${pre}F*B* RETURN (SUBSCRIBED)"), [ $l->('\HasNoChildren \Subscribed', 'Fruit/Banana') ], 'RETURN SUBSCRIBED');
    is_deeply(lines($c, "LIST \"\" ${pre}Tofu RETURN ()"), [ $l->('\HasNoChildren', 'Tofu') ], 'RETURN of nothing');
    is_deeply(lines($c, 'LIST "" ""'), ["LIST (\\Noselect) \"$s\" \"\""], 'the separator');
    is_deeply(lines($c, 'LIST () "" ""'), [], 'an empty pattern of the extended form is none (RFC 5258 3)');
    is_deeply(lines($c, 'LIST "" ("" ' . $n->('Tofu') . ')'), [ $l->('\HasNoChildren', 'Tofu') ], 'nor beside others');
    if (!$alt) { is_deeply(lines($c, "LIST \"$_->[0]\" \"$_->[1]\""), [ $l->('\HasNoChildren', 'Tofu') ], "relative: @$_") for [ 'INBOX.', '.Tofu' ], [ 'INBOX', '.Tofu' ], [ 'INBOX.', 'Tofu' ] }
    bad($c, $_) for 'LIST "" ()', 'LIST (NOSUCH) "" *', 'LIST (RECURSIVEMATCH) "" *', 'LIST (RECURSIVEMATCH REMOTE) "" *', 'LIST "" * RETURN (NOSUCH)', 'LIST "" * RETURN', 'LIST "" * FOO (CHILDREN)', 'LIST (SUBSCRIBED "" *',
        'LIST "" * RETURN (CHILDREN', 'LIST "" * RETURN (STATUS ())', 'LIST "" * RETURN (METADATA ())', 'LIST "" * RETURN (METADATA (/foo))', 'LIST "" * RETURN (METADATA)', 'LIST "" (* "" RETURN (CHILDREN)', 'LIST "" * RETURN (MYRIGHTS) x', 'LSUB (SUBSCRIBED) "" *';

    # RFC 8440, 9590, 5819: what comes with each name
    my $tofu = $n->('Tofu');
    $c->ok("SETMETADATA $tofu (/private/comment \"soft\")");
    is_deeply(lines($c, "LIST \"\" $tofu RETURN (MYRIGHTS)"), [ $l->('\HasNoChildren', 'Tofu'), "MYRIGHTS $tofu lrswipkxtecdan" ], 'MYRIGHTS');
    is_deeply(lines($c, "LIST \"\" $tofu RETURN (METADATA (/private/comment /shared/comment) MYRIGHTS STATUS (MESSAGES SIZE))"),
        [ $l->('\HasNoChildren', 'Tofu'), "STATUS $tofu (MESSAGES 0 SIZE 0)", "MYRIGHTS $tofu lrswipkxtecdan", "METADATA $tofu (\"/private/comment\" \"soft\" \"/shared/comment\" NIL)" ], 'all together');
    is_deeply(lines($c, "LIST \"\" $tofu RETURN (METADATA /private/comment)"), [ $l->('\HasNoChildren', 'Tofu'), "METADATA $tofu (\"/private/comment\" \"soft\")" ], 'one entry');
    is_deeply(lines($c, "LIST (SUBSCRIBED) \"\" " . $n->('Fruit/Peach') . ' RETURN (MYRIGHTS METADATA (/private/comment) STATUS (MESSAGES))'), [ $l->('\NonExistent \HasNoChildren \Subscribed', 'Fruit/Peach') ], 'nothing of what does not exist');
    my $seen = $alt ? 'Other Users/alice/Tofu' : 'user.alice.Tofu';
    my $q = $alt ? "\"$seen\"" : $seen;
    for my $row ([ l => 0, 0 ], [ lr => 1, 1 ], [ lw => 0, 1 ], [ lp => 0, 1 ], [ r => undef ], [ '' => undef ], [ lrswipkxtea => 1, 1 ]) {
        my ($rights, $status, $metadata) = @$row;
        $c->ok("SETACL $tofu bob \"$rights\"");
        my ($shown) = map { s/^MYRIGHTS \S+(?: \S+\/Tofu")? //r } grep { /^MYRIGHTS/ } @{ lines($b, "LIST \"\" $q RETURN (MYRIGHTS)") };
        is($shown, defined $status ? $rights eq 'lrswipkxtea' ? 'lrswipkxtecda' : $rights : undef, "\"$rights\": MYRIGHTS");
        my $got = lines($b, "LIST \"\" $q RETURN (STATUS (MESSAGES) METADATA (/shared/comment))");
        is_deeply([ map { /^(\w+)/ } @$got ], defined $status ? [ 'LIST', ('STATUS') x $status, ('METADATA') x $metadata ] : [], "\"$rights\": as much as may be known");
    }
    $c->ok("DELETEACL $tofu bob");
    is_deeply([ grep { /alice/ } @{ lines($_->[0], "$_->[1] \"\" *") } ], [], "a stranger: $_->[1]") for [ $b, 'LIST' ], [ $b, 'XLIST' ], [ $b, 'RLIST' ];
    # no level of a name that may not be known is told for a "%"
    is_deeply([ grep { /alice/ } @{ lines($b, "LIST \"\" \"$_\"") } ], [], "nor by $_") for '%', 'user.%', 'user.%.%', 'user.a%', 'user/%', 'Other Users/%', 'Other Users/%/%', 'user.alice', 'user.alice.%';
    is_deeply(lines($b, "LIST \"\" $q RETURN (MYRIGHTS METADATA (/shared/comment) STATUS (MESSAGES))"), [], 'nor by its name');
    my ($rights) = grep { /^MYRIGHTS/ } @{ lines($adm, "LIST \"\" user${s}alice${s}Tofu RETURN (MYRIGHTS)") };
    is($rights, "MYRIGHTS user${s}alice${s}Tofu la", 'an administrator');

    # RFC 2193: the same without other servers
    is_deeply(lines($c, "RLIST \"\" ${pre}T*"), [ $l->('\HasNoChildren', 'Tofu') ], 'RLIST');
    is_deeply(lines($c, "RLSUB \"\" ${pre}Fruit*"), [ map { s/LIST/LSUB/r =~ s/\\HasNoChildren|\\NonExistent \\HasNoChildren//r } $l->('\HasNoChildren', 'Fruit/Banana'), $l->('\HasNoChildren', 'Fruit/Peach') ], 'RLSUB');
    like(join(' ', $c->ok('CAPABILITY')), qr/ LIST-EXTENDED LIST-METADATA LIST-MYRIGHTS .* MAILBOX-REFERRALS /, 'capabilities');
    $adm->ok("DELETE user${s}alice${s}Tofu") if $adm->cmd("SETACL user${s}alice${s}Tofu cyrus x")->{status} eq 'OK';
    is(scalar(grep { /DELETED/ } @{ lines($adm, "LIST \"\" DELETED*") }), 2, 'administrators see what was deleted');
    is_deeply(lines($c, 'LIST "" DELETED*'), [], 'users do not');
    is($i->faults, '', 'no process reported a fault');
}
my $i = Halcyon::Test->new(conf => { proxyd_disable_mailbox_referrals => 'yes' });
unlike(join(' ', $i->imap(user => 'alice')->ok('CAPABILITY')), qr/REFERRALS/, 'proxyd_disable_mailbox_referrals');

# virtual domains: names of other domains are not shown, and nobody gets at them
$i = Halcyon::Test->new(conf => { virtdomains => 'userid', defaultdomain => 'example.org', admins => 'cyrus root@b.example', unixhierarchysep => 'no', crossdomains => 'no' },
    users => { map { $_ => 'secret' } 'cyrus', 'ann@a.example', 'bob@b.example', 'root@b.example' });
my $adm = $i->imap(user => 'cyrus');
$adm->ok("CREATE user.$_") for 'ann@a.example', 'bob@b.example';
my ($ann, $bob, $root) = map { $i->imap(user => $_) } 'ann@a.example', 'bob@b.example', 'root@b.example';
$ann->ok('SETACL INBOX anyone lrswi') ;
is_deeply(lines($bob, 'LIST "" * RETURN (MYRIGHTS)'), [ 'LIST (\HasNoChildren) "." INBOX', 'MYRIGHTS INBOX lrswipkxtecdan' ], 'another domain is not shown');
is($bob->cmd("$_")->{status}, 'NO', "not to be had: $_") for 'GETMETADATA user.ann@a.example (/shared/comment)', 'SETMETADATA user.ann@a.example (/private/comment "x")', 'STATUS user.ann@a.example (MAILBOXID)';
is_deeply([ map { /user\.(\w+)/ } @{ lines($root, 'LIST "" *') } ], ['bob'], 'an administrator of a domain sees it alone');
is_deeply([ sort map { /user\.(\S+)/ } @{ lines($adm, 'LIST "" *') } ], [ 'ann@a.example', 'bob@b.example' ], 'one of the server all');
is($root->cmd('SETMETADATA user.ann@a.example (/shared/comment "x")')->{status}, 'NO', 'and sets nothing in another');
is($i->faults, '', 'no process reported a fault');
done_testing;
