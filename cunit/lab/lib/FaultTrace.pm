package FaultTrace;
# FaultTrace - the part of job F1 that goes through strace: system calls as they are, so that nothing a
# library does by itself is missed
#
# A point is "OP strace:CALL ERROR N": the N-th system call CALL after the operation was begun.  Judged
# as in FaultCalls.  Slower than liblab.so, so a sample.
use strict;
use warnings;
use Time::HiRes qw(time sleep);
use FaultCalls;
use FaultLab;
use FaultOps;
use FaultProgram;

our @CALLS = (
    [ openat => qw(EMFILE EIO ENOSPC) ], [ read => qw(EIO EINTR) ], [ pread64 => qw(EIO) ], [ write => qw(ENOSPC EIO) ],
    [ pwrite64 => qw(ENOSPC EIO) ], [ writev => qw(ENOSPC EIO) ], [ pwritev => qw(ENOSPC EIO) ], [ pwritev2 => qw(ENOSPC) ],
    [ fsync => qw(EIO) ], [ fdatasync => qw(EIO) ], [ syncfs => qw(EIO) ], [ rename => qw(EIO) ], [ renameat => qw(EIO) ],
    [ renameat2 => qw(EIO) ], [ link => qw(EIO ENOSPC) ], [ linkat => qw(EIO ENOSPC) ], [ unlink => qw(EIO) ], [ unlinkat => qw(EIO) ],
    [ mkdir => qw(ENOSPC) ], [ ftruncate => qw(EIO) ], [ fallocate => qw(ENOSPC) ], [ copy_file_range => qw(EIO) ],
    [ utimensat => qw(EIO) ], [ mmap => qw(ENOMEM) ], [ fcntl => qw(ENOLCK) ], [ newfstatat => qw(EIO) ], [ statx => qw(EIO) ],
    [ getdents64 => qw(EIO) ], [ lseek => qw(EIO) ], [ close => qw(EIO) ], [ brk => qw(ENOMEM) ], [ poll => qw(EINTR) ],
);

# Nothing, or why strace cannot be used here.
sub obstacle {
    my $out = qx{strace -qq -o /dev/null -e trace=none true 2>&1};
    return $? ? 'strace does not work here: ' . ($out =~ s/\n.*//sr) : '';
}

# Put strace on a running process; returns its process id when it has taken hold.
sub attach {
    my ($pid, $call, $error, $n, $file) = @_;
    my $tracer = fork() // die "fork: $!";
    if (!$tracer) {
        open STDERR, '>', '/dev/null';
        exec 'strace', '-qq', '-o', $file, '-p', $pid, '-e', "trace=$call", '-e', "inject=$call:error=$error:when=$n" or POSIX::_exit(127);
    }
    my $deadline = time + 5;
    while (time < $deadline) {
        return $tracer if (FaultLab::slurp("/proc/$pid/status") // '') =~ /^TracerPid:\s*[1-9]/m;
        last if waitpid($tracer, POSIX::WNOHANG()) == $tracer;
        sleep 0.001;
    }
    die "strace did not take hold\n";
}

sub detach {
    my ($tracer) = @_;
    kill 'TERM', $tracer;
    waitpid $tracer, 0;
}

sub trial {
    my ($w, $op, $call, $error, $n) = @_;
    my $ref = FaultCalls::reference($w, $op);
    my $file = "$w->{tree}{dir}/strace";
    my $s = FaultOps::session($op, $w->{tree}, env => $w->{env});
    my $tracer = attach($s->{pid}, $call, $error, $n, $file);
    my %reply = FaultOps::perform($op, $s);
    detach($tracer);
    my ($where) = (FaultLab::slurp($file) // '') =~ /^(.*\(INJECTED\).*)$/m;
    if (!$where) { $s->kill9; return [ 'unfired', '' ] }
    my $v = FaultCalls::verdict($w, $op, $ref, $s, \%reply);
    $v->[1] = "at $where: $v->[1] [$op->{words}]";
    return $v;
}

# Points of a run: the first calls of every kind.
sub series {
    my @calls = grep { $_->[0] ne 'mmap' || !FaultLab::is_sanitized() } @CALLS;   # AddressSanitizer's own calls end the process
    return map { my $op = $_; map { my ($call, @errors) = @$_; map { "$op->{name} strace:$call $_" } @errors } @calls } @FaultOps::OPS;
}

1;
