# imap_compress.t - COMPRESS=DEFLATE and UNAUTHENTICATE, alone and together
# rfc: 4978 COMPRESS=DEFLATE
# rfc: 8437 UNAUTHENTICATE
# covers: IM-15 IM-18
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new(tls => 1);
$i->create_users(qw(alice bob));
sub answer { my ($r) = @_; return join ' | ', @{ $r->{untagged} }, "$r->{status} $r->{text}" }
sub caps { my ($c) = @_; return ' ' . ($c->ok('CAPABILITY'))[0] . ' ' }
sub fresh { return Halcyon::Client->imap(port => $i->{port}{imap}, @_) }

# COMPRESS (RFC 4978 3)
my $c = fresh();
unlike(caps($c), qr/COMPRESS/, 'not shown before login');
is($c->cmd('COMPRESS DEFLATE')->{status}, 'BAD', 'nor possible');
$c->login(alice => 'secret');
like(caps($c), qr/ COMPRESS=DEFLATE /, 'shown after it');
is($c->cmd($_)->{status}, 'BAD', $_) for 'COMPRESS', 'COMPRESS GZIP', 'COMPRESS DEFLATE x', 'COMPRESS "DEFLATE"';
is(answer($c->compress), 'OK DEFLATE active', 'COMPRESS DEFLATE');
unlike(caps($c), qr/COMPRESS/, 'no longer shown');
like(answer($c->cmd('COMPRESS deflate')), qr/^BAD \[COMPRESSIONACTIVE\]/, 'refused a second time');
my $text = join '', map { "line $_ of a long message\r\n" } 1 .. 5000;
$c->ok('APPEND INBOX ', \"Subject: long\r\n\r\n$text");
$c->ok('SELECT INBOX');
like(($c->ok('FETCH 1 BODY.PEEK[TEXT]'))[0], qr/\{\d+\}\r\n\Q$text\E\)\z/, 'a message in, and out again');
$c->send("p1 NOOP\r\np2 NOOP\r\n");
is($c->line, "p$_ OK Completed", "pipelined command $_") for 1, 2;
$c->send('d IDLE' . "\r\n");
is($c->line, '+ idling', 'IDLE: nothing stays in the compressor');
$c->send("DONE\r\n");
is($c->line, 'd OK Completed', 'DONE');
is(answer($c->cmd('LOGOUT')), '* BYE LOGOUT received | OK Completed', 'LOGOUT');

# over TLS
SKIP: {
    my $t = eval { Halcyon::Client->imap(port => $i->{port}{imaps}, tls => 1) } or skip "openssl s_client: $@", 3;
    $t->login(alice => 'secret');
    is(answer($t->compress), 'OK DEFLATE active', 'within TLS');
    is(answer($t->cmd('NOOP')), 'OK Completed', 'and it works');
    is(answer($t->cmd('UNSELECT')), 'BAD Please select a mailbox first', 'errors too');
}

# what is no compressed data, and what is too much
my $bad = $i->imap(user => 'alice');
$bad->compress;
{ local $bad->{deflate}; $bad->send("a NOOP\r\nthis is not compressed\xff\xff\xff\r\n"); }
ok($bad->closed, 'garbage ends the session');
like($bad->{buf}, qr/^\* BYE /, 'with BYE');
my $bomb = $i->imap(user => 'alice');
$bomb->compress;
my $wire = $bomb->deflated('x' x (64 << 20));
cmp_ok(length $wire, '<', 200_000, 'a bomb');
{ local $bomb->{deflate}; eval { $bomb->send($wire) }; }
ok($bomb->closed, 'ends the session');
$bomb->{buf} =~ s/^.*?\r\n(?=\* BYE)//s;
like($bomb->{buf}, qr/^\* BYE Too much input/, 'with BYE');
is(answer($i->imap(user => 'alice')->cmd('NOOP')), 'OK Completed', 'and harms no other');

# UNAUTHENTICATE (RFC 8437)
my $u = fresh();
is($u->cmd('UNAUTHENTICATE')->{status}, 'BAD', 'not before login');
$u->login(alice => 'secret');
like(caps($u), qr/ UNAUTHENTICATE /, 'shown after it');
is($u->cmd('UNAUTHENTICATE now')->{status}, 'BAD', 'takes no argument');
$u->ok('ENABLE QRESYNC');
$u->ok('SELECT INBOX');
$u->ok('STORE 1 +FLAGS.SILENT (\Deleted)');
my $r = $u->cmd('UNAUTHENTICATE');
like(answer($r), qr/^OK \[CAPABILITY IMAP4rev1 [^\]]*AUTH=PLAIN[^\]]*\] Completed$/, 'OK with the capabilities before login, no EXPUNGE');
unlike($r->{text}, qr/UNAUTHENTICATE|ACL/, 'and no others');
is($u->cmd($_)->{status}, 'BAD', "$_ needs a login") for 'SELECT INBOX', 'FETCH 1 FLAGS', 'LIST "" *', 'UNAUTHENTICATE';
$u->login(bob => 'secret');
is($u->cmd('SELECT user.alice')->{status}, 'NO', 'the next user has nothing of the one before');
$u->ok('APPEND INBOX ', \"Subject: b\r\n\r\nb\r\n");
is($u->cmd('SELECT INBOX (QRESYNC (1 1))')->{status}, 'BAD', 'what was enabled is not');
$u->ok('SELECT INBOX');
unlike(join('', $u->ok('STORE 1 +FLAGS (\Flagged)')), qr/MODSEQ|UID/, 'nor CONDSTORE');
my $check = $i->imap(user => 'alice');
is(($check->ok('STATUS INBOX (MESSAGES)'))[0], '* STATUS INBOX (MESSAGES 1)', 'the mailbox left was not expunged');
$u->ok('UNAUTHENTICATE');
is($u->cmd('LOGIN bob wrong')->{status}, 'NO', 'a wrong password counts again from the start');
$u->login(cyrus => 'secret');
like(join('', $u->ok('LIST "" user.%')), qr/user\.alice.*user\.bob/s, 'an administrator may follow');
$u->ok('UNAUTHENTICATE');
$u->login(alice => 'secret');
is(($u->ok('LIST "" user.%'))[0], undef, 'and is gone again');
$u->send("p1 UNAUTHENTICATE\r\np2 LOGIN bob secret\r\np3 GETQUOTAROOT INBOX\r\n");
like($u->line, qr/^p1 OK/, 'pipelined');
like($u->line, qr/^p2 OK/, 'with the next login');

# both: compression ends with the OK; also when the next login was sent along
my $b = fresh();
$b->login(alice => 'secret');
$b->compress;
$b->send("z UNAUTHENTICATE\r\n");
delete $b->{deflate};
like($b->line, qr/^z OK \[CAPABILITY/, 'the reply is compressed still');
delete $b->{inflate};
like(answer($b->cmd('LOGIN bob secret')), qr/^OK /, 'the next command is not');
$b->compress;
$wire = $b->deflated("z UNAUTHENTICATE\r\n");
delete $b->{deflate};
$b->send($wire . "y LOGIN alice secret\r\nx LOGOUT\r\n");
my $inflate = delete $b->{inflate};
ok($b->closed, 'pipelined, to the end');
my ($packed, $plain) = $b->{buf} =~ /\A(.*?\0\0\xff\xff)(.*)\z/s;
$inflate->inflate($packed, my $reply);
like($reply, qr/^z OK .*\r\n\z/, 'compressed as far as the OK');
like($plain, qr/\Ay OK .*User logged in.*^\* BYE LOGOUT received/sm, 'then plain');

$i->stop;
is_deeply([ grep { $_ ne '' } $i->faults ], [], 'no process reported a fault');
done_testing;
