#!/usr/bin/perl
# mailbox_moves.t - RENAME of users and to other partitions, and DELETED names: annotations, uses, quotas,
# subscriptions and ids go along; who may
# covers: NS-30 NS-32 PT-03 PT-05 PT-25 AD-10 QU-27 SU-04 AN-13
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

sub refused { my ($c, $command, $want, $what) = @_; my $r = $c->cmd($command); like("$r->{status} $r->{text}", $want, $what // $command) }

for my $unix (0, 1) {
    my $i = Halcyon::Test->new(nostart => 1, conf => { allowusermoves => 'yes', 'partition-two' => '/nosuch', $unix ? (unixhierarchysep => 'yes', altnamespace => 'yes') : () },
        users => { map { $_ => 'secret' } qw(alice bob alicia cyrus) });
    my $two = $i->path('two');
    mkdir $two;
    chmod 0777, $two;
    $i->rewrite('imapd.conf', sub { s{/nosuch}{$two} });
    $i->start;
    $i->create_users('alice', 'bob');
    my ($a, $b, $adm) = map { $i->imap(user => $_) } qw(alice bob cyrus);
    my $s = $unix ? '/' : '.';
    my $pre = $unix ? '' : 'INBOX.';
    my ($from, $to) = map { "user$s$_" } 'alice', 'alicia';

    $a->ok("CREATE ${pre}Sent (USE (\\Sent))");
    $a->ok("SETMETADATA ${pre}Sent (/private/comment \"mine\" /shared/vendor/cmu/cyrus-imapd/expire \"3\")");
    $a->ok("SUBSCRIBE ${pre}Sent");
    $a->ok("APPEND ${pre}Sent ", \"Subject: x\r\n\r\nbody\r\n");
    $a->ok("SETACL ${pre}Sent bob lr");
    $b->ok('SETMETADATA ' . ($unix ? '"Other Users/alice/Sent"' : 'user.alice.Sent') . ' (/private/comment "of bob")');
    $adm->ok("SETQUOTA $from (STORAGE 100 X-ANNOTATION-STORAGE 10 MAILBOX 10)");
    my ($id) = map { /MAILBOXID \((\w+)\)/ } $a->ok("STATUS ${pre}Sent (MAILBOXID)");
    my $partition = sub { my ($p) = map { /partition" "(\w+)"/ } $adm->ok("GETMETADATA $_[0] /shared/vendor/cmu/cyrus-imapd/partition"); return $p };

    # to another partition
    refused($a, "RENAME ${pre}Sent ${pre}Sent two", qr/^NO \[NOPERM\]/, 'users move nothing to another partition');
    refused($adm, "RENAME $from $from nosuch", qr/^NO \[CANNOT\]/, 'which must exist');
    is(scalar(grep { /^\* OK rename / } $adm->ok("RENAME $from $from two")), 2, 'the whole tree moves');
    is($partition->("$from${s}Sent"), 'two', 'and is there');
    is_deeply([ $a->ok("STATUS ${pre}Sent (MESSAGES MAILBOXID)") ], ["* STATUS ${pre}Sent (MESSAGES 1 MAILBOXID ($id))"], 'with its messages');
    $a->ok("CREATE ${pre}New");
    is($partition->("$from${s}New"), 'two', 'a new one goes where its parent is');
    $a->ok("DELETE ${pre}New");

    # to another name
    refused($a, 'RENAME INBOX ' . ($unix ? '"Other Users/alicia"' : $to), qr/^NO/, 'users do not rename themselves');
    $_->close for $a;
    is(scalar(grep { /^\* OK rename / } $adm->ok("RENAME $from $to")), 2, 'a user gets another name');
    my $n = $i->imap(user => 'alicia');
    is_deeply([ $n->ok("GETMETADATA ${pre}Sent (/private/comment /shared/vendor/cmu/cyrus-imapd/expire)") ],
        ["* METADATA ${pre}Sent (\"/private/comment\" \"mine\" \"/shared/vendor/cmu/cyrus-imapd/expire\" \"3\")"], 'annotations');
    is_deeply([ $n->ok("LIST (SUBSCRIBED SPECIAL-USE) \"\" *") ], ["* LIST (\\HasNoChildren \\Subscribed \\Sent) \"$s\" ${pre}Sent"], 'subscriptions and uses');
    is_deeply([ $n->ok("STATUS ${pre}Sent (MAILBOXID)") ], ["* STATUS ${pre}Sent (MAILBOXID ($id))"], 'the id');
    like(join('', $n->ok('GETQUOTA INBOX')), qr/\(STORAGE 0 100 X-ANNOTATION-STORAGE 0 10 X-NUM-FOLDERS 2 10 /, 'quota');
    like(join('', $b->ok('GETMETADATA ' . ($unix ? '"Other Users/alicia/Sent"' : 'user.alicia.Sent') . ' /private/comment')), qr/"of bob"/, "another's private value");
    my ($status, $text) = $i->run('quota', '-f');
    unlike($text, qr/usage was/, 'nothing to mend');

    # DELETED names
    $n->ok("SETMETADATA ${pre}Sent (/private/specialuse NIL)");
    $n->ok("DELETE ${pre}Sent");
    my ($gone) = map { /"[.\/]" "?([^"]+)"?\z/ } $adm->ok("LIST \"\" DELETED${s}user${s}alicia*");
    like($gone, qr/^DELETED\Q$s\Euser\Q$s\Ealicia\Q$s\ESent\Q$s\E[0-9A-F]{8}$/, 'administrators see it');
    refused($n, "$_ $gone", qr/^NO/, "users do not: $_") for 'GETACL', 'MYRIGHTS', 'SELECT', 'DELETE';
    refused($n, "GETMETADATA $gone /shared/comment", qr/^NO \[NONEXISTENT\]/);
    like(join('', $adm->ok("GETMETADATA $gone /shared/vendor/cmu/cyrus-imapd/expire")), qr/"3"/, 'its annotations wait');
    $adm->ok("RENAME $gone $to${s}Back");
    is_deeply([ $n->ok("STATUS ${pre}Back (MESSAGES MAILBOXID)") ], ["* STATUS ${pre}Back (MESSAGES 1 MAILBOXID ($id))"], 'and come back with it');
    like(join('', $n->ok("GETMETADATA ${pre}Back /private/comment")), qr/"mine"/, 'private ones too');
    is($i->faults, '', 'no process reported a fault');
}
done_testing;
