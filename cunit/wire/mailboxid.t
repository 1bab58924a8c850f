#!/usr/bin/perl
# rfc: 8438 STATUS=SIZE
# rfc: 8474 OBJECTID
# mailboxid.t - ids of mailboxes (RFC 8474 4), STATUS SIZE, DELETED and DELETED-STORAGE (RFC 8438, 9208)
# covers: NS-34 AC-03
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

for my $alt (0, 1) {
    my $i = Halcyon::Test->new(conf => $alt ? { altnamespace => 'yes', unixhierarchysep => 'yes' } : {});
    $i->create_users('alice', 'bob');
    my ($c, $b) = map { $i->imap(user => $_) } qw(alice bob);
    my ($pre, $other) = $alt ? ('', 'Other Users/alice/foo') : ('INBOX.', 'user.alice.foo');
    my $id = sub { my ($box) = @_; return join '', map { /MAILBOXID \((\w+)\)/ } $c->ok("STATUS $box (MAILBOXID)") };
    # RFC 8474 4.1 to 4.3
    my ($foo) = $c->cmd("CREATE ${pre}foo")->{text} =~ /^\[MAILBOXID \(([A-Za-z0-9_-]{1,255})\)\] /;
    ok($foo, 'CREATE tells the id');
    is($id->("${pre}foo"), $foo, 'STATUS');
    like(join("\n", $c->ok("SELECT ${pre}foo")), qr/^\* OK \[MAILBOXID \($foo\)\] Ok$/m, 'SELECT');
    $c->ok("RENAME ${pre}foo ${pre}renamed");
    is($id->("${pre}renamed"), $foo, 'RENAME keeps it');
    $c->ok("CREATE ${pre}foo");
    isnt($id->("${pre}foo"), $foo, 'the next one of that name has another');
    $c->ok("APPEND INBOX ", \"Subject: x\r\n\r\nbody\r\n");
    my $inbox = $id->('INBOX');
    $c->ok("RENAME INBOX ${pre}moved");
    is($id->('INBOX'), $inbox, 'INBOX keeps its own when it is renamed');
    isnt($id->("${pre}moved"), $inbox, 'and its messages are in a new mailbox');
    is($b->cmd("STATUS \"$other\" (MAILBOXID)")->{text}, '[NONEXISTENT] Mailbox does not exist', 'a stranger');
    $c->ok("SETACL ${pre}foo bob l");
    like($b->cmd("STATUS \"$other\" (MAILBOXID)")->{text}, qr/^\[NOPERM\]/, 'l is not enough');
    $c->ok("SETACL ${pre}foo bob lr");
    is($b->cmd("STATUS \"$other\" (MAILBOXID SIZE DELETED)")->{status}, 'OK', 'lr is');

    # sizes
    my @text = map { "Subject: $_\r\n\r\n" . 'x' x (100 * $_) . "\r\n" } 1 .. 3;
    $c->ok("APPEND ${pre}foo ", \$_) for @text;
    my $all = 0;
    $all += length for @text;
    is_deeply([ $c->ok("STATUS ${pre}foo (MESSAGES SIZE)") ], ["* STATUS ${pre}foo (MESSAGES 3 SIZE $all)"], 'RFC 8438: SIZE');
    $c->ok("SELECT ${pre}foo");
    my $sum = 0;
    $sum += $_ for map { /RFC822\.SIZE (\d+)/ } $c->ok('FETCH 1:* RFC822.SIZE');
    is($sum, $all, 'that of all messages');
    is_deeply([ $c->ok("STATUS ${pre}foo (DELETED DELETED-STORAGE)") ], ["* STATUS ${pre}foo (DELETED 0 DELETED-STORAGE 0)"], 'none is deleted');
    $c->ok('STORE 1,3 +FLAGS.SILENT (\Deleted)');
    my $deleted = length($text[0]) + length $text[2];
    is_deeply([ $c->ok("STATUS ${pre}foo (DELETED-STORAGE DELETED)") ], ["* STATUS ${pre}foo (DELETED 2 DELETED-STORAGE $deleted)"], 'RFC 9208: of those that are');
    is_deeply([ $b->ok("STATUS \"$other\" (DELETED-STORAGE)") ], [ '* STATUS ' . ($alt ? "\"$other\"" : $other) . " (DELETED-STORAGE $deleted)" ], 'as others see it');
    is_deeply([ map { /(\(MESSAGES.*\))/ } $c->ok("LIST \"\" ${pre}foo RETURN (STATUS (MESSAGES SIZE DELETED MAILBOXID))") ], [ "(MESSAGES 3 SIZE $all DELETED 2 MAILBOXID (" . $id->("${pre}foo") . '))' ], 'in LIST too');
    $c->ok('EXPUNGE');
    is_deeply([ $c->ok("STATUS ${pre}foo (SIZE DELETED DELETED-STORAGE)") ], [ "* STATUS ${pre}foo (SIZE " . length($text[1]) . ' DELETED 0 DELETED-STORAGE 0)' ], 'gone');
    is($c->cmd("STATUS ${pre}foo (SIZES)")->{status}, 'BAD', 'an unknown item');
    like(join(' ', $c->ok('CAPABILITY')), qr/ STATUS=SIZE /, 'capability');
    is($i->faults, '', 'no process reported a fault');
}
done_testing;
