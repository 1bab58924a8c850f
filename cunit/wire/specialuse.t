#!/usr/bin/perl
# rfc: 6154 SPECIAL-USE CREATE-SPECIAL-USE
# rfc: - XLIST
# specialuse.t - special uses: CREATE, LIST, XLIST, protection; other parameters of CREATE
# covers: SU-01 SU-02 SU-03 SU-04 SU-05 PT-03 NS-33
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

sub lines { my ($c, $command) = @_; return [ map { s/^\* //r } $c->ok($command) ] }
sub refused { my ($c, $command, $want, $what) = @_; my $r = $c->cmd($command); like("$r->{status} $r->{text}", $want, $what // $command) }

for my $alt (0, 1) {
    my $i = Halcyon::Test->new(conf => { specialuse_extra => '\XSite', $alt ? (altnamespace => 'yes', unixhierarchysep => 'yes') : () });
    $i->create_users('alice', 'bob');
    my ($c, $b, $adm) = map { $i->imap(user => $_) } qw(alice bob cyrus);
    my ($s, $pre) = $alt ? ('/', '') : ('.', 'INBOX.');
    my $l = sub { my ($attributes, $name) = @_; return "LIST ($attributes) \"$s\" $pre$name" };
    like(join(' ', $c->ok('CAPABILITY')), qr/ CREATE-SPECIAL-USE .* SPECIAL-USE /, 'capabilities');

    # RFC 6154 5.3: CREATE
    refused($c, "CREATE ${pre}MySpecial (USE (\\Drafts \\Sent))", qr/^OK \[MAILBOXID \(\w{24}\)\] Completed$/);
    refused($c, "CREATE ${pre}Everything (USE (\\All))", qr/^NO \[USEATTR\]/);
    is_deeply(lines($c, "LIST \"\" ${pre}Everything"), [], 'and nothing is created');
    refused($c, "CREATE ${pre}Two (USE (\\Sent))", qr/^NO \[USEATTR\] SPECIAL-USE flag conflict/);
    refused($c, "CREATE ${pre}Two (USE (\\Junk \\drafts))", qr/^NO \[USEATTR\] SPECIAL-USE flag conflict/, 'one of two is enough');
    $c->ok("CREATE ${pre}Site (USE (\\XSite))");
    $c->ok("CREATE ${pre}None (USE ())");
    $c->ok("CREATE ${pre}Plain");
    $b->ok("CREATE ${pre}Sent (USE (\\Sent))");         # another user has his own
    $adm->ok("CREATE user${s}alice${s}Bin (USE (\\Trash))");
    refused($adm, 'CREATE shared (USE (\Archive))', qr/^NO \[USEATTR\]/, 'a use is for mailboxes of users');
    refused($adm, "CREATE user${s}dave (USE (\\Archive))", qr/^NO \[USEATTR\]/, 'and not for an INBOX');
    refused($c, "CREATE ${pre}x $_", qr/^BAD/, "CREATE x $_") for '()', '(USE)', '(USE \Sent)', '(FOO bar)', '(USE (\Sent)', '(UIDVALIDITY x)', '(PARTITION)', '(USE (\Sent) )';

    # RFC 6154 5.1, 5.2: LIST
    my @all = ($l->('\HasNoChildren \Trash', 'Bin'), $l->('\HasNoChildren \Drafts \Sent', 'MySpecial'), $l->('\HasNoChildren \XSite', 'Site'));
    is_deeply(lines($c, 'LIST (SPECIAL-USE) "" *'), \@all, 'selected');
    my $three = sub { return [ grep { /(?:Bin|Special|Site)$/ } @{ lines($c, $_[0]) } ] };
    is_deeply($three->('LIST "" * RETURN (SPECIAL-USE)'), \@all, 'returned');
    is_deeply($three->('LIST "" *'), \@all, 'specialusealways');
    is_deeply($three->('XLIST "" *'), [ map { s/LIST/XLIST/r } @all ], 'XLIST');
    is((grep { /INBOX/ } @{ lines($c, 'XLIST "" INBOX') })[0], 'XLIST (' . ($alt ? '\HasNoChildren' : '\HasChildren') . " \\Inbox) \"$s\" INBOX", 'XLIST names INBOX');
    $c->ok("CREATE ${pre}Top${s}Junk (USE (\\Junk))");
    is_deeply(lines($c, "LIST (SPECIAL-USE RECURSIVEMATCH) \"\" ${pre}Top"), [ $l->('\HasChildren', 'Top') . ' (CHILDINFO ("SPECIAL-USE"))' ], 'found below');
    $c->ok("SUBSCRIBE ${pre}Bin");
    is_deeply(lines($c, 'LIST (SUBSCRIBED SPECIAL-USE) "" *'), [ $l->('\HasNoChildren \Subscribed \Trash', 'Bin') ], 'both selections');
    is_deeply(lines($c, 'LSUB "" *'), [ "LSUB (\\Trash) \"$s\" ${pre}Bin" ], 'LSUB');
    is_deeply(lines($b, 'LIST (SPECIAL-USE) "" *'), [ $l->('\HasNoChildren \Sent', 'Sent') ], "another's");

    # a mailbox of another: one's own use of it
    my $other = $alt ? '"Other Users/alice/Plain"' : 'user.alice.Plain';
    $c->ok("SETACL ${pre}Plain bob lr");
    refused($b, 'LIST "" ' . $other, qr/^OK/);
    $b->ok("SETMETADATA $other (/private/specialuse \"\\\\Archive\")");
    is_deeply([ map { /(\(.*?\))/ } @{ lines($b, "LIST \"\" $other") } ], ['(\HasNoChildren \Archive)'], 'for him it has a use');
    is_deeply(lines($c, "LIST \"\" ${pre}Plain"), [ $l->('\HasNoChildren', 'Plain') ], 'for its owner not');
    refused($b, "CREATE $other", qr/^NO/);

    # RENAME keeps the use; DELETE and moving are refused
    refused($c, "DELETE ${pre}Bin", qr/^NO \[CANNOT\] SPECIAL-USE flag conflict/);
    refused($c, "RENAME ${pre}Bin ${pre}Top${s}Bin", qr/^NO \[CANNOT\] SPECIAL-USE flag conflict/);
    $c->ok("RENAME ${pre}Bin ${pre}Rubbish");
    is_deeply(lines($c, "LIST \"\" ${pre}R*"), [ $l->('\HasNoChildren \Trash', 'Rubbish') ], 'under another name');
    $c->ok("SETMETADATA ${pre}Rubbish (/private/specialuse NIL)");
    $c->ok("DELETE ${pre}Rubbish");
    $c->ok("CREATE ${pre}Bin (USE (\\Trash))");         # free again
    $c->ok('SETMETADATA INBOX (/private/specialuse "\\\\Archive")');
    unlike(join('', $c->ok('LIST "" INBOX')), qr/Archive/, 'INBOX shows none');

    # other parameters
    refused($c, "CREATE ${pre}p $_", qr/^NO \[NOPERM\]/, "users may not: $_") for 'default', '(PARTITION default)', '(TYPE calendar)', '(UIDVALIDITY 5)', '(SERVER x)';
    $c->ok("CREATE ${pre}typed (TYPE email)");
    $adm->ok('CREATE a1 default');
    $adm->ok('CREATE a2 (PARTITION default UIDVALIDITY 4711)');
    is_deeply(lines($adm, 'STATUS a2 (UIDVALIDITY)'), ['STATUS a2 (UIDVALIDITY 4711)'], 'UIDVALIDITY');
    refused($adm, "CREATE a3 $_->[0]", $_->[1]) for [ 'nosuch', qr/^NO \[CANNOT\] Unknown partition/ ], [ '(PARTITION nosuch)', qr/^NO \[CANNOT\] Unknown partition/ ], [ '(SERVER elsewhere)', qr/^NO \[CANNOT\]/ ],
        [ '(TYPE nosuch)', qr/^NO \[CANNOT\] Invalid mailbox type/ ];
    $adm->ok('CREATE cal (TYPE calendar)');
    refused($adm, 'SELECT cal', qr/^NO \[NONEXISTENT\]/, 'a calendar is no mailbox of mail');

    # LOCALCREATE, LOCALDELETE: the rights of CREATE and DELETE
    $c->ok("LOCALCREATE ${pre}local");
    refused($b, 'LOCALCREATE ' . ($alt ? '"Other Users/alice/x"' : 'user.alice.x'), qr/^NO \[NOPERM\]/);
    refused($c, "LOCALDELETE ${pre}local", qr/^NO \[NOPERM\]/, 'for administrators only');
    refused($adm, "LOCALDELETE user${s}alice${s}local", qr/^NO \[NOPERM\]/, 'who need the right x too');
    $adm->ok("SETACL user${s}alice${s}local cyrus x");
    $adm->ok("LOCALDELETE user${s}alice${s}local");
    is($i->faults, '', 'no process reported a fault');
}

my $i = Halcyon::Test->new(conf => { specialusealways => 'no', specialuse_protect => '' });
$i->create_users('alice');
my $c = $i->imap(user => 'alice');
$c->ok('CREATE INBOX.Sent (USE (\Sent))');
is_deeply(lines($c, 'LIST "" INBOX.Sent'), ['LIST (\HasNoChildren) "." INBOX.Sent'], 'specialusealways off');
is_deeply(lines($c, 'LIST "" INBOX.Sent RETURN (SPECIAL-USE)'), ['LIST (\HasNoChildren \Sent) "." INBOX.Sent'], 'when asked for');
is_deeply(lines($c, 'LIST (SPECIAL-USE) "" *'), ['LIST (\HasNoChildren \Sent) "." INBOX.Sent'], 'when selected');
is_deeply(lines($c, 'XLIST "" INBOX.Sent'), ['XLIST (\HasNoChildren \Sent) "." INBOX.Sent'], 'by XLIST');
is($c->cmd('DELETE INBOX.Sent')->{status}, 'OK', 'not protected');
is($i->faults, '', 'no process reported a fault');
done_testing;
