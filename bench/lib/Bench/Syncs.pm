package Bench::Syncs;
# Bench::Syncs - how often a server syncs for one message, counted with strace
use strict;
use warnings;
use Exporter qw(import);
use POSIX qw(ceil);
use Bench::Drive qw(drive_server unique);
use Bench::File qw(slurp);

our @EXPORT_OK = qw(count_syncs);

my $CALLS = 'fsync,fdatasync,syncfs,sync,sync_file_range,msync';
my $MESSAGES = 50;              # of each connection
my $ATTACH_SECONDS = 2;         # strace does not tell when it has attached

# Sync calls per message (or recipient) of a call "lmtp ..." or "append ...", of all processes;
# undef when strace or the call failed.
sub count_syncs {
    my ($server, $call, $file) = @_;
    my ($at_once) = $call =~ /(?:rcpts|multi)=(\d+)/;
    my $each = ceil($MESSAGES / ($at_once // 1));
    my $store = sub { drive_server($server, "$call ms=0 check=0", 'nonce=' . unique(), @_) };
    ref $store->('max_ops=1') or return;        # processes that the load makes start here
    my (undef, @pids) = $server->pids;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>', '/dev/null';
        exec 'strace', '-f', '-qq', '-c', '-U', 'calls,name', '-o', $file, '-e', "trace=$CALLS", map { ('-p', $_) } @pids
            or POSIX::_exit(127);
    }
    sleep $ATTACH_SECONDS;
    my $r = $store->("min_ops=$each", "max_ops=$each");
    kill 'INT', $pid;
    waitpid $pid, 0;
    my $failed = $? >> 8 == 127 || !ref $r;
    my $calls = 0;
    $calls += $_ for slurp($file) =~ /^\s*(\d+)\s+(?!total)\w+$/mg;
    unlink $file;
    return $failed ? undef : $calls / ($r->[0]{units} * ($each + 1) / $each);   # with the warm-up
}

1;
