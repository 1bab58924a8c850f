# readonly_partition.t - a partition that was closed after failed syncs (imap/store/health.h): what clients are told
# covers: PT-11
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new;
$i->create_users(qw(alice));
$i->fill('alice', "Subject: one\r\n\r\nbody\r\n");
my $file = "$i->{dir}/conf/stats/store.prom";
sub slurp { open my $fh, '<', $file or die "$file: $!"; local $/; return scalar <$fh> }
my $text = slurp();
like($text, qr/^cyrus_sync_failures_total\{place="journal",partition=""\} +0$/m, 'the journal: no failures');
like($text, qr/^cyrus_sync_failures_total\{place="partition",partition="default"\} +0$/m, 'the partition: none');
like($text, qr/^cyrus_partition_readonly\{partition="default"\} +0$/m, 'open');
unlike($text, qr/^(?!#|cyrus_\w+(?:\{[^}]*\})? +\d+$)/m, 'every line is a comment or a figure');

# closed under running sessions
my $c = $i->imap(user => 'alice');
$c->ok('SELECT INBOX');
(my $closed = $text) =~ s/(readonly\{partition="default"\} +)0$/${1}1/m;
open my $fh, '+<', $file or die "$file: $!";
print {$fh} $closed;
close $fh;
my $r = $c->cmd('APPEND INBOX ', \"Subject: two\r\n\r\nbody\r\n");
is($r->{status}, 'NO', 'APPEND is refused');
is($c->cmd('STORE 1 +FLAGS (\Flagged)')->{status}, 'NO', 'STORE is refused');
is($c->cmd('CREATE INBOX.New')->{status}, 'NO', 'CREATE is refused');
like(join(' ', $c->ok('FETCH 1 (FLAGS BODY.PEEK[TEXT])')), qr/body/, 'reading goes on');
unlike(join(' ', $c->ok('FETCH 1 (FLAGS)')), qr/Flagged/, 'and nothing has changed');
my $l = $i->lmtp;
$l->lmtp_cmd('LHLO client.example.org');
my ($answer) = $l->deliver('sender@example.org', ['alice'], "Subject: three\r\n\r\nbody\r\n");
like($answer, qr/^4\d\d /, 'a delivery is refused for a while');
$c->logout;
$i->stop;
$i->start;
$c = $i->imap(user => 'alice');
$c->ok('SELECT INBOX');
$c->ok('STORE 1 +FLAGS (\Flagged)');
pass('a restart opens it');
$c->logout;
$i->stop;
done_testing();
