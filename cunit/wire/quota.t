#!/usr/bin/perl
# rfc: 9208 QUOTA QUOTASET QUOTA=RES-STORAGE QUOTA=RES-MESSAGE QUOTA=RES-MAILBOX QUOTA=RES-ANNOTATION-STORAGE
# rfc: - X-QUOTA=STORAGE X-QUOTA=MESSAGE X-QUOTA=X-ANNOTATION-STORAGE X-QUOTA=X-NUM-FOLDERS
# quota.t - every resource, under its name of 3.6 and of RFC 9208
# covers: QU-01 QU-02 QU-04 QU-06 QU-07 QU-08 QU-09
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

sub refused { my ($c, $command, $want, $what) = @_; my $r = $c->cmd(ref $command ? @$command : $command); like("$r->{status} $r->{text}", $want, $what // (ref $command ? $command->[0] : $command)) }

for my $alt (0, 1) {
    my $i = Halcyon::Test->new(conf => $alt ? { altnamespace => 'yes', unixhierarchysep => 'yes' } : {});
    $i->create_users('alice', 'bob');
    my ($c, $b, $adm) = map { $i->imap(user => $_) } qw(alice bob cyrus);
    my ($pre, $root, $theirs) = $alt ? ('', 'user/alice', '"Other Users/alice"') : ('INBOX.', 'user.alice', 'user.alice');
    like(join(' ', $c->ok('CAPABILITY')), qr/ QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE QUOTA=RES-MAILBOX QUOTA=RES-ANNOTATION-STORAGE /, 'capabilities');
    like(join(' ', $adm->ok('CAPABILITY')), qr/ QUOTASET /, 'who may set them is told so');
    is_deeply([ $adm->ok("SETQUOTA $root (STORAGE 512)") ], ["* QUOTA $root (STORAGE 0 512)"], 'SETQUOTA is answered with QUOTA');
    is_deeply([ $adm->ok("SETQUOTA $root (MAILBOX 3 annotation-storage 2 MESSAGE 2)") ], ["* QUOTA $root (MESSAGE 0 2 X-ANNOTATION-STORAGE 0 2 X-NUM-FOLDERS 1 3 ANNOTATION-STORAGE 0 2 MAILBOX 1 3)"],
        'standard names; what is not named has no limit any more');
    is_deeply([ $adm->ok("SETQUOTA $root (X-NUM-FOLDERS 3 X-ANNOTATION-STORAGE 2 MESSAGE 2 STORAGE 100)") ],
        ["* QUOTA $root (STORAGE 0 100 MESSAGE 0 2 X-ANNOTATION-STORAGE 0 2 X-NUM-FOLDERS 1 3 ANNOTATION-STORAGE 0 2 MAILBOX 1 3)"], 'names of 3.6');
    is_deeply([ $c->ok('GETQUOTAROOT INBOX') ], [ '* QUOTAROOT INBOX INBOX', '* QUOTA INBOX (STORAGE 0 100 MESSAGE 0 2 X-ANNOTATION-STORAGE 0 2 X-NUM-FOLDERS 1 3 ANNOTATION-STORAGE 0 2 MAILBOX 1 3)' ], 'GETQUOTAROOT');
    # each is kept
    $c->ok("CREATE $pre$_") for 'a', 'b';
    refused($c, "CREATE ${pre}c", qr/^NO \[OVERQUOTA\]/);
    $c->ok("APPEND INBOX ", \"a: b\r\n\r\n$_\r\n") for 1, 2;
    refused($c, [ 'APPEND INBOX ', \"a: b\r\n\r\n3\r\n" ], qr/^NO \[OVERQUOTA\]/);
    $c->ok('SETMETADATA INBOX (/private/comment "' . 'x' x 2000 . '")');
    refused($c, "SETMETADATA ${pre}a (/private/comment \"" . 'x' x 100 . '")', qr/^NO \[OVERQUOTA\]/, 'SETMETADATA beyond the limit');
    $c->ok("DELETE ${pre}b");
    $c->ok('SETMETADATA INBOX (/private/comment NIL)');
    like(join('', $c->ok('GETQUOTA INBOX')), qr/MESSAGE 2 2 X-ANNOTATION-STORAGE 0 2 X-NUM-FOLDERS 2 3/, 'given back');
    $c->ok("CREATE ${pre}c");
    # who
    refused($c, 'SETQUOTA INBOX (STORAGE 1)', qr/^NO \[NOPERM\]/);
    refused($b, "GETQUOTA $theirs", qr/^NO \[NOPERM\]/);
    refused($b, "GETQUOTAROOT $theirs", qr/^NO \[NONEXISTENT\]/);
    $c->ok('SETACL INBOX bob lr');
    is($b->cmd("GETQUOTAROOT $theirs")->{status}, 'OK', 'r opens GETQUOTAROOT');
    refused($b, "GETQUOTA $theirs", qr/^NO \[NOPERM\]/, 'and not GETQUOTA');
    refused($adm, 'GETQUOTA nosuch', qr/^NO \[NONEXISTENT\]/);
    refused($adm, "SETQUOTA $root $_->[0]", $_->[1]) for [ '(NOSUCH 1)', qr/^NO \[CANNOT\]/ ], [ '(STORAGE x)', qr/^BAD/ ], [ '(STORAGE -1)', qr/^BAD/ ], [ '(STORAGE 1', qr/^BAD/ ], [ 'STORAGE 1', qr/^BAD/ ],
        [ '(STORAGE 9223372036854775807)', qr/^BAD/ ];
    is_deeply([ $adm->ok("SETQUOTA $root ()") ], ["* QUOTA $root ()"], 'no limits');
    is($i->faults, '', 'no process reported a fault');
}
done_testing;
