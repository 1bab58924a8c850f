#!/usr/bin/perl
# imtest.t - our imtest under its names against our servers: mechanisms, TLS, what it shows
# covers: MP-62 MP-64 MP-67 AU-06 AU-07 AU-08 AU-27 TL-01 TL-02
use strict;
use warnings;
use Test::More;
use Halcyon::Job;
use Halcyon::Test;

my $i = Halcyon::Test->new(tls => 1, nostart => 1, conf => { allowapop => 'yes' });
# an LMTP server that wants a login
$i->rewrite('cyrus.conf', sub { s/^(\s*lmtp cmd="[^"]*) -a"/$1"/m });
$i->start;
$i->create_users('alice');
my %p = %{ $i->{port} };
my $w = Halcyon::Job->new($i);
my $bin = $w->dir('bin');
symlink Halcyon::Test::program('imtest'), "$bin/$_" or die "symlink: $!" for qw(imtest pop3test lmtptest);

# DIGEST-MD5 of the SASL library leaks its ciphers, in the client as in the server
sub tester {
    my ($name, $what, $input, @args) = @_;
    my $r = $w->run([ "$bin/$name", @args ], stdin => $input,
        env => { ASAN_OPTIONS => join(':', $ENV{ASAN_OPTIONS} // (), 'detect_leaks=0') });
    is($r->{status}, 0, $what) or diag(Halcyon::Job::told($r));
    return $r->{out};
}
my @alice = qw(-u alice -a alice -w secret -r mail.example.org);

my $out = tester('imtest', 'IMAP, PLAIN', '', '-m', 'PLAIN', '-p', $p{imap}, @alice, 'localhost');
like($out, qr/\AS: \* OK \[CAPABILITY [^\r\n]*\r\nC: A01 AUTHENTICATE PLAIN \S+\r\nS: A01 OK [^\r\n]*\r\nAuthenticated\.\nSecurity strength factor: 0\nC: Q01 LOGOUT\r\n\* BYE [^\r\n]*\r\nQ01 OK [^\r\n]*\r\nConnection closed\.\n\z/, 'each line as it should be');
$out = tester('imtest', 'IMAP, LOGIN command', "a NOOP\r\n", '-m', 'login', '-p', $p{imap}, @alice, 'localhost');
like($out, qr/^C: <omitted>\r$/m, 'the password is not shown');
unlike($out, qr/secret/, 'nowhere');
like($out, qr/^a OK/m, 'the session passes through');

for my $mech (qw(LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256)) {
    $out = tester('imtest', "IMAP, $mech", "a NOOP\r\n", '-m', $mech, '-p', $p{imap}, @alice, 'localhost');
    like($out, qr/^Authenticated\.$/m, "$mech: authenticated") or diag($out);
    like($out, qr/^a OK/m, "$mech: the session works after it") or diag($out);
}
like($out = tester('imtest', 'integrity or privacy layer', "a NOOP\r\n", '-m', 'DIGEST-MD5', '-k', 56, '-p', $p{imap}, @alice, 'localhost'),
    qr/^Security strength factor: 128$/m, 'a layer of 128 bits');
like($out, qr/^a OK/m, 'both ways');
like(tester('imtest', 'no layer', '', '-m', 'DIGEST-MD5', '-l', 0, '-p', $p{imap}, @alice, 'localhost'),
    qr/^Security strength factor: 0$/m, 'none when it is not wanted');

for my $mech (qw(PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS)) {
    $out = tester('imtest', "STARTTLS, $mech", "a NOOP\r\n", '-t', '', '-m', $mech, '-p', $p{imap}, @alice, 'localhost');
    like($out, qr/^TLS connection established: TLSv1\.[23] with cipher /m, "$mech: TLS is told");
    like($out, qr/^Authenticated\.\nSecurity strength factor: (?:128|256)$/m, "$mech: authenticated under TLS") or diag($out);
    $out = tester('imtest', "imaps, $mech", "a NOOP\r\n", '-s', '-m', $mech, '-p', $p{imaps}, @alice, 'localhost');
    like($out, qr/^a OK/m, "$mech: session on imaps") or diag($out);
}

# refusals are told and leave a session
$out = tester('imtest', 'wrong password', '', '-m', 'CRAM-MD5', '-p', $p{imap}, qw(-a alice -w wrong), 'localhost');
like($out, qr/^Authentication failed\. generic failure$/m, 'told');
$out = tester('imtest', 'mechanism that is not there', '', '-m', 'NOSUCH', '-p', $p{imap}, @alice, 'localhost');
like($out, qr/^\[Server did not advertise AUTH=NOSUCH\]$/m, 'told');
$out = tester('imtest', 'several attempts', '', '-n', 3, '-m', 'PLAIN', '-p', $p{imap}, @alice, 'localhost');
is(() = $out =~ /^Authenticated\.$/mg, 3, 'each logs in');

# the other names
for my $mech (qw(user apop PLAIN SCRAM-SHA-256)) {
    $out = tester('pop3test', "POP3, $mech", "STAT\r\n", '-m', $mech, '-p', $p{pop3}, @alice, 'localhost');
    like($out, qr/^\+OK 0 0\r$/m, "$mech: STAT") or diag($out);
}
$out = tester('pop3test', 'STLS', "STAT\r\n", '-t', '', '-m', 'PLAIN', '-p', $p{pop3}, @alice, 'localhost');
like($out, qr/^C: STLS\r\nS: \+OK[^\n]*\nTLS connection established/m, 'STLS');
like($out, qr/^\+OK 0 0\r$/m, 'session under TLS');
$out = tester('lmtptest', 'LMTP', "NOOP\r\n", '-m', 'PLAIN', '-p', $p{lmtp}, qw(-a cyrus -w secret), 'localhost');
like($out, qr/^S: 235 [^\n]*\nAuthenticated\.$/m, 'an administrator may') or diag($out);
$out = tester('imtest', '-P', "STAT\r\n", qw(-P pop3 -m PLAIN -p), $p{pop3}, @alice, 'localhost');
like($out, qr/^\+OK 0 0\r$/m, 'protocol by option');

# faults
my $r = $w->run([ "$bin/imtest", '-p', Halcyon::Test::free_port(), 'localhost' ]);
is($r->{status}, 1, 'nobody listens');
like($r->{err}, qr/^failure: Network initialization - cannot connect to localhost:\d+$/m, 'told');
is($w->run([ "$bin/imtest", '-Y' ])->{status}, 1, 'unknown option');
like($w->run([ "$bin/pop3test", '-h' ])->{err}, qr/\AUsage: pop3test .*USER\/PASS/s, 'usage by name');

done_testing;
