# imap_login.t - greeting, capabilities by state, LOGIN, AUTHENTICATE, STARTTLS, ID, LOGOUT
# rfc: 3501 IMAP4rev1 STARTTLS LOGINDISABLED
# rfc: 2971 ID
# rfc: 4959 SASL-IR
# covers: IM-01 AU-01 AU-06 AU-07 AU-08 AU-15 AU-28 AU-36 TL-01 TL-02
use strict;
use warnings;
use MIME::Base64 qw(encode_base64);
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new(tls => 1);
$i->create_users(qw(alice bob));

sub b64 { return encode_base64($_[0], '') }

my $c = $i->imap;
like($c->{greeting}, qr/^\* OK \[CAPABILITY IMAP4rev1 [^\]]*AUTH=PLAIN[^\]]*\] mail\.example\.org Cyrus IMAP \S+ server ready$/, 'greeting');
unlike($c->{greeting}, qr/\bUIDPLUS\b/, 'what needs a login is not shown before it');
like($c->{greeting}, qr/ STARTTLS /, 'STARTTLS offered');
my ($cap) = $c->ok('CAPABILITY');
like($cap, qr/SASL-IR/, 'SASL-IR before login');

# states
for my $cmd ('SELECT INBOX', 'NAMESPACE', 'STATUS INBOX (MESSAGES)', 'FETCH 1 FLAGS') {
    is($c->cmd($cmd)->{status}, 'BAD', "$cmd needs a login");
}
is($c->cmd('NOOP')->{status}, 'OK', 'NOOP in any state');
my $r = $c->cmd('ID ("name" "test" "version" NIL)');
is($r->{status}, 'OK', 'ID');
like($r->{untagged}[0], qr/^\* ID \("name" /, 'ID answers');
is($c->cmd('ID NIL')->{status}, 'OK', 'ID NIL');

# wrong passwords
$r = $c->cmd('LOGIN alice wrong');
is("$r->{status} $r->{text}", 'NO [AUTHENTICATIONFAILED] Login failed: authentication failure', 'wrong password');
my $t = $c->cmd('LOGIN nobody-here wrong');
is($t->{text}, $r->{text}, 'an unknown user sounds the same');

# right ones
$r = $c->cmd('LOGIN alice secret');
is($r->{status}, 'OK', 'LOGIN');
like($r->{text}, qr/^\[CAPABILITY IMAP4rev1 .*UIDPLUS.*\] User logged in SESSIONID=<[^>]+>$/, 'capabilities and session id');
unlike($r->{text}, qr/\bAUTH=|STARTTLS/, 'no login words after login');
is($c->cmd('LOGIN alice secret')->{status}, 'BAD', 'no second login');
is($c->cmd('SELECT INBOX')->{status}, 'OK', 'the INBOX opens');
$r = $c->cmd('LOGOUT');
like($r->{untagged}[0], qr/^\* BYE/, 'BYE');
ok($c->closed, 'closed after LOGOUT');

# literals and quoting in LOGIN
$c = $i->imap;
is($c->cmd('LOGIN ', \'alice', ' ', \'secret')->{status}, 'OK', 'synchronising literals');
$c->logout;
$c = $i->imap;
$c->send("x LOGIN {5+}\r\nalice {6+}\r\nsecret\r\n");
like($c->response, qr/^x OK/, 'non-synchronising literals');
$c->close;

# AUTHENTICATE
$c = $i->imap;
$r = $c->cmd('AUTHENTICATE PLAIN ' . b64("\0alice\0secret"));
is($r->{status}, 'OK', 'PLAIN with initial response');
$c->close;
$c = $i->imap;
$c->send("p AUTHENTICATE PLAIN\r\n");
like($c->line, qr/^\+ /, 'empty challenge');
$c->send(b64("\0alice\0secret") . "\r\n");
like($c->response, qr/^p OK/, 'PLAIN with continuation');
$c->close;
$c = $i->imap;
$c->send("p AUTHENTICATE PLAIN\r\n");
$c->line;
$c->send("*\r\n");
like($c->response, qr/^p BAD/, 'cancelled');
$c->send("p AUTHENTICATE PLAIN\r\n");
$c->line;
$c->send("!!!not base64\r\n");
like($c->response, qr/^p BAD/, 'bad base64');
like($c->cmd('AUTHENTICATE NOSUCH')->{status}, qr/^NO$/, 'unknown mechanism');
$c->close;
$c = $i->imap;
$r = $c->cmd('AUTHENTICATE PLAIN ' . b64("bob\0cyrus\0secret"));
is($r->{status}, 'OK', 'an administrator acts as another user');
$r = $c->cmd('MYRIGHTS INBOX');
like($r->{untagged}[0], qr/MYRIGHTS INBOX \S*a/, "and has that user's INBOX");
$c->close;
$c = $i->imap;
is($c->cmd('AUTHENTICATE PLAIN ' . b64("bob\0alice\0secret"))->{status}, 'NO', 'a user may not act as another');
$c->close;

# TLS at once, and after STARTTLS
$c = Halcyon::Client->imap(port => $i->{port}{imaps}, tls => 1);
like($c->{greeting}, qr/^\* OK \[CAPABILITY IMAP4rev1/, 'imaps greets');
unlike($c->{greeting}, qr/STARTTLS/, 'no STARTTLS under TLS');
is($c->cmd('LOGIN alice secret')->{status}, 'OK', 'login under TLS');
$c->close;

# bytes sent ahead behind STARTTLS must not be answered after the handshake
$c = $i->imap;
$c->send("s STARTTLS\r\nx LOGIN alice secret\r\n");
like($c->response, qr/^s OK/, 'STARTTLS accepted');
my $rest = eval { local $Halcyon::Client::TIMEOUT = 2; $c->response } // '';
unlike($rest, qr/^x /, 'injected command is not answered');
$c->close;

# plaintext refused without TLS
my $p = Halcyon::Test->new(tls => 1, conf => { allowplaintext => 'no' });
$c = $p->imap;
like($c->{greeting}, qr/LOGINDISABLED/, 'LOGINDISABLED');
unlike($c->{greeting}, qr/AUTH=PLAIN/, 'no PLAIN');
like($c->cmd('LOGIN alice secret')->{text}, qr/^\[PRIVACYREQUIRED\]/, 'LOGIN refused');
$c->close;
is($p->faults, '', 'no faults');
$p->stop;

is($i->faults, '', 'no faults');
done_testing;
