package Bench::Syncs;
# Bench::Syncs - how often a server syncs for one delivery, counted with strace
use strict;
use warnings;
use Exporter qw(import);
use POSIX ();
use Bench::Drive qw(drive_server unique);
use Bench::File qw(slurp);

our @EXPORT_OK = qw(count_syncs);

my $CALLS = 'fsync,fdatasync,syncfs,sync,sync_file_range,msync';
my $DELIVERIES = 50;            # of each connection
my $ATTACH_SECONDS = 2;         # strace does not tell when it has attached

# Sync calls per delivery of the whole tree; undef when strace or a delivery failed.
sub count_syncs {
    my ($server, $conns, $file) = @_;
    my $deliver = sub { drive_server($server, "lmtp prefix=d users=20 conns=$conns ms=0", 'nonce=' . unique(), @_) };
    $deliver->('max_ops=1');    # leaves the mailboxes empty
    my (undef, @pids) = $server->pids;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>', '/dev/null';
        exec 'strace', '-f', '-qq', '-c', '-U', 'calls,name', '-o', $file, '-e', "trace=$CALLS", map { ('-p', $_) } @pids
            or POSIX::_exit(127);
    }
    sleep $ATTACH_SECONDS;
    my $r = $deliver->('check=0', "min_ops=$DELIVERIES", "max_ops=$DELIVERIES");
    kill 'INT', $pid;
    waitpid $pid, 0;
    my $failed = $? >> 8 == 127 || !ref $r;
    $deliver->('max_ops=1');
    my $calls = 0;
    $calls += $_ for slurp($file) =~ /^\s*(\d+)\s+(?!total)\w+$/mg;
    unlink $file;
    return $failed ? undef : $calls / (($DELIVERIES + 1) * $conns);     # with the warm-up
}

1;
