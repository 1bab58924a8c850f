#!/usr/bin/perl
# msmtp.t - msmtp delivers over LMTP: dots, long lines and 8-bit text arrive unchanged
# covers: DL-03 DL-05 DL-15 DL-17 DL-18
use strict;
use warnings;
use Test::More;
use Halcyon::Corpus;
use Halcyon::Job;
use Halcyon::Test;

my $i = Halcyon::Test->new(conf => { munge8bit => 'no', reject8bit => 'no', autocreate_post => 'no' });
$i->create_users('alice', 'bob');
my $w = Halcyon::Job->new($i);
$w->file('rc', <<"EOT", 0600);
account t
host 127.0.0.1
port $i->{port}{lmtp}
protocol lmtp
tls off
auth off
from sender\@example.com
EOT

my $n = 0;
for my $number (1, 5, 6, 8, 22, 23) {
    my $m = Halcyon::Corpus::made($number);
    my $r = $w->run([ 'msmtp', '-C', $w->path('rc'), '-a', 't', 'alice', 'bob' ], stdin => $m->{bytes} =~ s/\r//gr);
    is($r->{status}, 0, $m->{name}) or diag(Halcyon::Job::told($r));
    $n++;
    for my $user ('alice', 'bob') {
        my $c = $i->imap(user => $user);
        $c->ok('EXAMINE INBOX');
        my ($text) = join("\n", $c->ok("FETCH $n (BODY.PEEK[])")) =~ /BODY\[\] \{\d+\}\r\n(.*)\)\z/s;
        my $at = index $text, $m->{bytes};
        ok($at > 0 && $at + length $m->{bytes} == length $text, "$m->{name}: $user has it unchanged below the trace headers");
        $c->logout;
    }
}
my $r = $w->run([ 'msmtp', '-C', $w->path('rc'), '-a', 't', 'nosuchuser' ], stdin => "Subject: x\n\nx\n");
is($r->{status}, 65, 'an unknown user is an error for the sender') or diag(Halcyon::Job::told($r));
like($r->{err}, qr/550[ -]5\.1\.1/, 'with the reply of the server');

is($i->faults, '', 'no process reported a fault');
done_testing();
