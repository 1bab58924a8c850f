#!/usr/bin/perl
# swaks.t - swaks delivers over LMTP by TCP and unix socket; each recipient has an answer of its own
# covers: DL-02 DL-03 DL-04 DL-05 DL-08 DL-14 DL-15 DL-24 AC-07
use strict;
use warnings;
use Test::More;
use Halcyon::Corpus;
use Halcyon::Job;
use Halcyon::Test;

# besides the usual services one LMTP port that wants AUTH and offers TLS
my $i = Halcyon::Test->new(tls => 1, nostart => 1, conf => { autocreate_post => 'no' });
my $auth_port = Halcyon::Test::free_port();
open my $conf, '+<', $i->path('cyrus.conf') or die "cyrus.conf: $!";
my $text = join '', <$conf>;
$text =~ s/^SERVICES \{\n/SERVICES {\n  lmtpauth cmd="${\$i->prog('lmtpd')} -C ${\$i->path('imapd.conf')}" listen="127.0.0.1:$auth_port"\n/m;
seek $conf, 0, 0;
print {$conf} $text;
close $conf or die "cyrus.conf: $!";
$i->start;
$i->create_users('alice', 'bob');
my $c = $i->imap(user => 'alice');
$c->ok('CREATE INBOX.lists');
$c->ok('SETACL INBOX.lists anyone p');
my $w = Halcyon::Job->new($i);
my $message = Halcyon::Corpus::made(22)->{bytes};
$w->file('msg.eml', $message =~ s/\r//gr, 0644);
my @to_tcp = ('--server', '127.0.0.1', '--port', $i->{port}{lmtp});
my @to_unix = ('--socket', $i->path('run', 'lmtp'));

sub swaks {
    my ($what, $status, @args) = @_;
    my $r = $w->run([ qw(swaks --protocol LMTP --timeout 10 --from a@example.com --ehlo client.example.org), @args ]);
    is($r->{status}, $status, $what) or diag(Halcyon::Job::told($r));
    return $r->{out};
}

sub last_message {
    my ($user, $box) = @_;
    my $u = $i->imap(user => $user);
    $u->ok("EXAMINE $box");
    my ($text) = join("\n", $u->ok('FETCH * (BODY.PEEK[])')) =~ /BODY\[\] \{\d+\}\r\n(.*)\)\z/s;
    $u->logout;
    return $text;
}

sub count {
    my ($user, $box) = @_;
    my $u = $i->imap(user => $user);
    my ($n) = join('', $u->ok("STATUS $box (MESSAGES)")) =~ /MESSAGES (\d+)/;
    $u->logout;
    return $n;
}

my $out = swaks('TCP', 0, @to_tcp, '--to', 'alice', '--data', '@' . $w->path('msg.eml'), '--suppress-data');
like($out, qr/^<-\s+250[- ]$_/m, "LHLO offers $_") for qw(8BITMIME ENHANCEDSTATUSCODES PIPELINING SIZE IGNOREQUOTA);
like($out, qr/^<-\s+250 2\.1\.5/m, 'RCPT was taken');
$text = last_message('alice', 'INBOX');
like($text, qr/\AReturn-Path: <a\@example\.com>\r\nReceived: from client\.example\.org /, 'trace headers come first');
ok(index($text, $message) > 0, 'then the message as it was sent');

swaks('unix socket', 0, @to_unix, '--to', 'alice', '--header', 'Subject: by socket', '--body', 'hi');
like(last_message('alice', 'INBOX'), qr/^Subject: by socket\r$/m, 'it arrived');

$out = swaks('two recipients, one of them unknown', 0, @to_unix, '--to', 'alice,nosuchuser,bob', '--header', 'Subject: several', '--body', 'x');
like($out, qr/^<\*\*\s+550[ -]5\.1\.1/m, 'the unknown one is refused at RCPT');
is(scalar(my @ok = $out =~ /^<-\s+250 2\.1\.5 [^\n]*\n(?=\s*(?:<-|->))/mg), 4, 'two RCPT and two replies after the dot') or diag($out);
like(last_message($_, 'INBOX'), qr/^Subject: several\r$/m, "$_ has it") for 'alice', 'bob';

swaks('to a folder', 0, @to_tcp, '--to', 'alice+lists', '--header', 'Subject: folder', '--body', 'x');
is(count('alice', 'INBOX.lists'), 1, 'plus addressing: filed in the folder');
swaks('to a folder that does not exist', 0, @to_tcp, '--to', 'bob+nothere', '--header', 'Subject: missing folder', '--body', 'x');
like(last_message('bob', 'INBOX'), qr/^Subject: missing folder\r$/m, 'goes to the INBOX');
swaks('unknown only', 24, @to_tcp, '--to', 'nosuchuser', '--body', 'x');
is(count('bob', 'INBOX'), 2, 'a refused message leaves nothing');

# ---- TCP without preauthorization
my @to_auth = ('--server', '127.0.0.1', '--port', $auth_port);
swaks('without AUTH', 23, @to_auth, '--to', 'bob', '--body', 'x');
$out = swaks('STARTTLS and AUTH', 0, @to_auth, qw(--tls --auth PLAIN --auth-user cyrus --auth-password secret --to bob),
    '--header', 'Subject: secret way', '--body', 'x');
like($out, qr/TLS started/, 'TLS was used');
like($out, qr/^<~\s+235/m, 'AUTH succeeded');
like(last_message('bob', 'INBOX'), qr/^Subject: secret way\r$/m, 'it arrived');
swaks('AUTH in the clear', 0, @to_auth, qw(--auth CRAM-MD5 --auth-user cyrus --auth-password secret --to bob), '--body', 'x');
swaks('AUTH as one who may not deliver', 28, @to_auth, qw(--auth PLAIN --auth-user alice --auth-password secret --to bob), '--body', 'x');
swaks('wrong password', 28, @to_auth, qw(--auth PLAIN --auth-user cyrus --auth-password wrong --to bob), '--body', 'x');

$c->logout;
is($i->faults, '', 'no process reported a fault');
done_testing();
