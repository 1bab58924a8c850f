# pop3.t - the POP3 server
# covers: PO-01 PO-02 PO-03 PO-04 PO-05 PO-06 PO-07 PO-10 PO-12 PO-13 PO-14 PO-16 PT-34
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use MIME::Base64 qw(encode_base64);
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new(tls => 1, conf => { popsubfolders => 'yes', allowapop => 'yes' });
$i->create_users(qw(alice bob));
my $c = $i->imap(user => 'alice');
my @mail = map { "Subject: $_\r\nFrom: a\@b\r\n\r\n" . ".dot $_\r\nsecond\r\nthird\r\n" x $_ } 1 .. 4;
$c->ok('APPEND INBOX ', \$_) for @mail;
$c->ok('CREATE INBOX.Sub');
$c->ok('APPEND INBOX.Sub ', \"Subject: sub\r\n\r\nx\r\n");

my $p = $i->pop3;
like($p->{greeting}, qr/^\+OK mail\.example\.org Cyrus POP3 \S+ server ready <\S+@\S+>$/, 'banner with APOP challenge');
my ($st, $capa) = $p->pop_multi('CAPA');
like($capa, qr/^$_\r$/m, "CAPA $_") for 'STLS', 'TOP', 'UIDL', 'PIPELINING', 'RESP-CODES', 'AUTH-RESP-CODE', 'USER', 'EXPIRE NEVER', 'LOGIN-DELAY 0';
like($capa, qr/^SASL .*PLAIN/m, 'CAPA SASL');
like($p->pop_cmd('STAT'), qr/^-ERR/, 'STAT needs a login');
like($p->pop_cmd('USER alice'), qr/^\+OK/, 'USER');
like($p->pop_cmd('PASS wrong'), qr/^-ERR \[AUTH\]/, 'wrong password');
$p->pop_cmd('USER alice');
like($p->pop_cmd('PASS secret'), qr/^\+OK Mailbox locked and ready SESSIONID=<[^>]+>$/, 'PASS');
my $size = 0;
$size += length for @mail;
is($p->pop_cmd('STAT'), "+OK 4 $size", 'STAT');
my ($s, $list) = $p->pop_multi('LIST');
is($list, join('', map { ($_ + 1) . ' ' . length($mail[$_]) . "\r\n" } 0 .. 3), 'LIST');
is($p->pop_cmd('LIST 2'), '+OK 2 ' . length $mail[1], 'LIST n');
like($p->pop_cmd('LIST 9'), qr/^-ERR/, 'LIST of nothing');
my ($u, $uidl) = $p->pop_multi('UIDL');
is(scalar(() = $uidl =~ /^\d+ \S+\r$/mg), 4, 'UIDL');
for my $n (1 .. 4) { my ($r, $text) = $p->pop_multi("RETR $n"); is($text, $mail[ $n - 1 ], "RETR $n") }
my ($t, $top) = $p->pop_multi('TOP 3 2');
is($top, "Subject: 3\r\nFrom: a\@b\r\n\r\n.dot 3\r\nsecond\r\n", 'TOP');

# a second session, and EXPUNGE meanwhile
my $q = $i->pop3;
$q->pop_cmd('USER alice');
like($q->pop_cmd('PASS secret'), qr/^-ERR \[IN-USE\]/, 'the maildrop is locked');
$c->ok('SELECT INBOX');
$c->ok('STORE 4 +FLAGS (\Deleted)');
like($c->cmd('EXPUNGE')->{text}, qr/^\[INUSE\]/, 'IMAP may not expunge');

is($p->pop_cmd('DELE 2'), '+OK message deleted', 'DELE');
like($p->pop_cmd('RETR 2'), qr/^-ERR/, 'is gone for this session');
is($p->pop_cmd('RSET'), '+OK', 'RSET');
is($p->pop_cmd('STAT'), "+OK 4 $size", 'all back');
$p->pop_cmd('DELE 1');
$p->close;                                      # without QUIT
is($c->cmd('NOOP')->{status}, 'OK', 'noop');
$q = undef;
my $again;
for (1 .. 100) {                                # the other process needs a moment to see the end
    $again = $i->pop3;
    $again->pop_cmd('USER alice');
    last if $again->pop_cmd('PASS secret') =~ /^\+OK/;
    $again = undef;
}
ok($again, 'lock released when the client leaves');
is($again->pop_cmd('STAT'), "+OK 4 $size", 'no QUIT, nothing removed');
$again->pop_cmd('DELE 1');
is($again->pop_cmd('QUIT'), '+OK', 'QUIT');
ok($again->closed, 'closed');
my @e = $c->ok('NOOP');
ok((grep { /^\* 1 EXPUNGE/ } @e), 'removed at QUIT, and IMAP is told');
$c->ok('EXPUNGE');

# UIDL is stable
$p = $i->pop3;
$p->pop_cmd('USER alice');
$p->pop_cmd('PASS secret');
my ($x, $uidl2) = $p->pop_multi('UIDL');
my @old = map { (split)[1] } split /\r\n/, $uidl;
my @new = map { (split)[1] } split /\r\n/, $uidl2;
is_deeply(\@new, [ @old[ 1, 2 ] ], 'UIDL survives');
# pipelining
$p->send("NOOP\r\nSTAT\r\nLIST 1\r\nQUIT\r\n");
like($p->line, qr/^\+OK/, "pipelined $_") for qw(NOOP STAT LIST QUIT);

# other ways in
$p = $i->pop3;
my ($chal) = $p->{greeting} =~ /(<\S+>)/;
like($p->pop_cmd('APOP alice ' . md5_hex($chal . 'secret')), qr/^\+OK/, 'APOP');
$p->pop_cmd('QUIT');
$p = $i->pop3;
like($p->pop_cmd('APOP alice ' . md5_hex($chal . 'secret')), qr/^-ERR/, 'APOP with an old challenge');
like($p->pop_cmd('AUTH PLAIN ' . encode_base64("\0alice\0secret", '')), qr/^\+OK/, 'AUTH PLAIN');
$p->pop_cmd('QUIT');
$p = $i->pop3;
my ($m, $mechs) = $p->pop_multi('AUTH');
like($mechs, qr/^PLAIN\r$/m, 'AUTH lists mechanisms');
$p->pop_cmd('USER alice+Sub');
like($p->pop_cmd('PASS secret'), qr/^\+OK/, 'user+folder');
like($p->pop_cmd('STAT'), qr/^\+OK 1 /, 'is the subfolder');
$p->pop_cmd('QUIT');
$p = Halcyon::Client->pop3(port => $i->{port}{pop3s}, tls => 1);
like($p->{greeting}, qr/^\+OK/, 'pop3s');
($st, $capa) = $p->pop_multi('CAPA');
unlike($capa, qr/STLS/, 'no STLS under TLS');
$p->close;
$p = $i->pop3;
$p->send("STLS\r\nUSER alice\r\n");
like($p->line, qr/^\+OK/, 'STLS');
unlike(eval { local $Halcyon::Client::TIMEOUT = 2; $p->line } // '', qr/valid mailbox/, 'injected bytes are not answered');
$p->close;
is($i->faults, '', 'no faults');
$i->stop;

# options
my $o = Halcyon::Test->new(conf => { popexclusive => 'no', uidl_format => 'dovecot', popminpoll => '5m', popexpiretime => '3' });
$o->create_users('alice', 'bob');
$c = $o->imap(user => 'alice');
$c->ok('APPEND INBOX ', \$mail[0]);
$p = $o->pop3;
$p->pop_cmd('USER alice');
like($p->pop_cmd('PASS secret'), qr/^\+OK/, 'first login');
like($p->pop_cmd('UIDL 1'), qr/^\+OK 1 [0-9a-f]{16}$/, 'uidl_format dovecot');
$q = $o->pop3;
($st, $capa) = $q->pop_multi('CAPA');
like($capa, qr/EXPIRE 3\r/, 'EXPIRE');
like($capa, qr/LOGIN-DELAY 300\r/, 'LOGIN-DELAY');
$q->pop_cmd('USER alice');
like($q->pop_cmd('PASS secret'), qr/^-ERR \[LOGIN-DELAY\]/, 'too soon');
is($o->faults, '', 'no faults');
done_testing;
