#!/usr/bin/perl
# imtest.t - Debian's imtest and pop3test log in with every mechanism, in the clear, over TLS, by STARTTLS
# covers: AU-06 AU-07 AU-08 TL-01 MP-62 MP-64 MP-67 IM-02 PO-06 PO-07
use strict;
use warnings;
use Test::More;
use Halcyon::Job;
use Halcyon::Peer;
use Halcyon::Test;

my $i = Halcyon::Test->new(tls => 1);
$i->create_users('alice');
my %p = %{ $i->{port} };
my $debian = Halcyon::Peer->get('cyrus');
my $w = Halcyon::Job->new($i);
# one program under several names: it looks at the last part of its own path
my $bin = $w->dir('bin');
symlink $debian->program('imtest'), "$bin/$_" or die "symlink: $!" for qw(imtest pop3test lmtptest);

sub tester {
    my ($name, $what, $input, @args) = @_;
    my $r = $w->run([ "$bin/$name", '-r', 'mail.example.org', @args, grep({ $_ eq '-p' } @args) ? 'localhost' : () ],
        ref $input ? (talk => $input) : (stdin => $input), peer => $debian);
    is($r->{status}, 0, $what) or diag(Halcyon::Job::told($r));
    return $r->{out};
}
my @alice = qw(-u alice -a alice -w secret);
my $status = ". STATUS INBOX (MESSAGES)\r\n. LOGOUT\r\n";

for my $mech (qw(login PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256)) {
    my $out = tester('imtest', "IMAP, $mech", $status, '-m', $mech, '-p', $p{imap}, @alice);
    like($out, qr/^Authenticated\.$/m, "$mech: authenticated") or diag($out);
    like($out, qr/^\* STATUS "?INBOX"? \(MESSAGES 0\)/m, "$mech: the session works after it") or diag($out);
}
for my $mech (qw(PLAIN SCRAM-SHA-256)) {
    my $out = tester('imtest', "IMAPS, $mech", $status, '-s', '-m', $mech, '-p', $p{imaps}, @alice);
    like($out, qr/^TLS connection established: TLSv1\.[23]/m, "$mech: over TLS") or diag($out);
    like($out, qr/^\* STATUS "?INBOX"? \(MESSAGES 0\)/m, "$mech: session over TLS") or diag($out);
}
# typed-ahead input would be injected into the handshake: commands go out after the login is through
my $out = tester('imtest', 'IMAP, STARTTLS', [ [ qr/^Authenticated\./m, $status ] ], '-t', '', '-m', 'PLAIN', '-p', $p{imap}, @alice);
like($out, qr/^TLS connection established: TLSv1\.[23]/m, 'STARTTLS: TLS') or diag($out);
like($out, qr/^\* STATUS "?INBOX"? \(MESSAGES 0\)/m, 'STARTTLS: the session works') or diag($out);
my $wrong = $w->run([ "$bin/imtest", qw(-m PLAIN -p), $p{imap}, qw(-u alice -a alice -w wrong localhost) ], stdin => ". LOGOUT\r\n", peer => $debian);
like($wrong->{out}, qr/^Authentication failed\./m, 'a wrong password fails') or diag(Halcyon::Job::told($wrong));
my $proxy = tester('imtest', 'administrator as alice', $status, '-m', 'PLAIN', '-p', $p{imap}, qw(-u alice -a cyrus -w secret));
like($proxy, qr/^Authenticated\.$/m, 'proxy authorization for an administrator') or diag($proxy);
like($proxy, qr/^\* STATUS "?INBOX"? \(MESSAGES 0\)/m, 'with the INBOX of alice') or diag($proxy);
my $not = $w->run([ "$bin/imtest", qw(-m PLAIN -p), $p{imap}, qw(-u cyrus -a alice -w secret localhost) ], stdin => ". LOGOUT\r\n", peer => $debian);
like($not->{out}, qr/^Authentication failed\./m, 'a user cannot become the administrator') or diag(Halcyon::Job::told($not));

for my $mech (qw(PLAIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1)) {
    my $out = tester('pop3test', "POP3, $mech", "STAT\r\nQUIT\r\n", '-m', $mech, '-p', $p{pop3}, @alice);
    like($out, qr/^Authenticated\.$/m, "$mech: authenticated") or diag($out);
    like($out, qr/^\+OK 0 0\r?$/m, "$mech: the session works after it") or diag($out);
}
$out = tester('pop3test', 'POP3, STLS', [ [ qr/^Authenticated\./m, "STAT\r\nQUIT\r\n" ] ], '-t', '', '-m', 'PLAIN', '-p', $p{pop3}, @alice);
like($out, qr/^\+OK 0 0\r?$/m, 'POP3 after STLS') or diag($out);
$out = tester('pop3test', 'POP3S', "STAT\r\nQUIT\r\n", '-s', '-m', 'PLAIN', '-p', $p{pop3s}, @alice);
like($out, qr/^\+OK 0 0\r?$/m, 'POP3 over TLS') or diag($out);

$out = tester('lmtptest', 'LMTP, preauthorized', "MAIL FROM:<a\@example.org>\r\nRCPT TO:<alice>\r\nRSET\r\nQUIT\r\n", '-p', $p{lmtp});
like($out, qr/^250 2\.1\.5/m, 'a recipient is taken without AUTH') or diag($out);

is($i->faults, '', 'no process reported a fault');
done_testing();
