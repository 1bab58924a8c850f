package FaultLab;
# FaultLab - what the jobs of tools/faultlab share: options, results, places, time
#
#   FaultLab::bound('F6.crash', $crashes, 0);       # prints RESULT, counts a figure out of bound
#   FaultLab::figure('F6.points', $points);         # prints RESULT without a bound
#   FaultLab::broken($job, $point, $text, $dir);    # one failed point: what, where, how to repeat it
#
# A point is the text that repeats one trial: tools/faultlab --seed N --point POINT JOB.
use strict;
use warnings;
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use IO::Handle;
use IO::Select;
use POSIX ();
use Time::HiRes qw(time);

# form: short, usual or long.  point: only this trial.  keep: nothing is removed at the end.
our %Opt = (form => 'usual', seed => 1, keep => 0);
our $Failures = 0;              # figures out of bound so far
our $Main = $$;                 # the process that reports; workers are its children
# Failed points that are printed: per job and first word, and of those whose words differ in numbers,
# paths and names of errors only.  All are counted.
use constant { SHOWN => 20, SHOWN_ALIKE => 2 };

my (%shown, %workers);

sub choose { my ($short, $usual, $long) = @_; return { short => $short, usual => $usual, long => $long }->{ $Opt{form} } }

sub figure { my ($name, $value) = @_; print "RESULT $name figure=$value bound=-\n" }

# The figure may be up to (or, with at_least, not below) the bound.
sub bound {
    my ($name, $value, $bound, %o) = @_;
    my $ok = $o{at_least} ? $value >= $bound : $value <= $bound;
    $Failures++ unless $ok;
    printf "RESULT %s figure=%s bound=%s%s%s\n", $name, $value, $o{at_least} ? '>=' : '', $bound, $ok ? '' : ' OUT OF BOUND';
    return $ok;
}

sub skipped { my ($job, $why) = @_; print "SKIP $job: $why\n" }

sub note { print '# ', join('', @_), "\n" if $Opt{form} ne 'short' || $ENV{LAB_VERBOSE} }

# One failed point.  Printed with all that is needed to see it again.
sub broken {
    my ($job, $point, $text, $dir) = @_;
    (my $alike = "$job $point $text") =~ s{[^\s;]*/\S*|\bE[A-Z]{2,}\b|\d+}{}g;
    my ($kind) = $text =~ /^(\w*)/;
    return if $shown{$alike}++ >= SHOWN_ALIKE || $shown{"$job $kind"}++ >= SHOWN;
    print "BROKEN $job $point: $text\n";
    print "  repeat: tools/faultlab --keep --seed $Opt{seed} --point '$point' $job\n";
    print "  kept:   $dir\n" if $dir;
}

# A worker said what is no result: the laboratory itself is broken.
sub worker_error { my ($job, $text) = @_; broken($job, '-', $text); $Failures++ }

sub job_died { my ($job, $text) = @_; print "BROKEN $job: the job ended: $text"; $Failures++ }

# ---- chance: the same seed gives the same choices, whatever other jobs ran before

# A source of numbers below n: $rand->(n).  Own arithmetic: perl's rand differs between builds.
sub random {
    my ($name) = @_;
    my $state = ($Opt{seed} * 2654435761 + unpack '%32C*', $name) & 0xffffffff;
    $state ^= ord($_) * 0x9e3779b1 & 0xffffffff for split //, $name;
    return sub {
        my ($below) = @_;
        $state = ($state * 1664525 + 1013904223) & 0xffffffff;
        return int(($state >> 4) * $below / (1 << 28));
    };
}

# A list in random order.
sub shuffled {
    my ($rand, @list) = @_;
    for my $n (reverse 1 .. $#list) {
        my $m = $rand->($n + 1);
        @list[ $n, $m ] = @list[ $m, $n ];
    }
    return @list;
}

# Are the programs built with AddressSanitizer?
sub is_sanitized { return slurp(Halcyon::Test::program('imapd')) =~ /__asan_init/ }

# ---- places

# Trials that prove nothing about disks run in memory; thousands of them a minute.
sub memory_dir {
    return -d '/dev/shm' && -w '/dev/shm' ? '/dev/shm' : $ENV{TMPDIR} || '/tmp';
}

my %run_dir;                    # by parent: the one directory of this run there

sub new_dir {
    my ($where) = @_;
    $where //= $ENV{TMPDIR} // '/tmp';
    if (!$run_dir{$where}) {
        $run_dir{$where} = tempdir('faultlab-XXXXXX', DIR => $where, CLEANUP => 0);
        chmod 0755, $run_dir{$where};
    }
    my $dir = tempdir('XXXXXX', DIR => $run_dir{$where}, CLEANUP => 0);
    chmod 0755, $dir;
    return $dir;
}

sub drop_dir { my ($dir) = @_; remove_tree($dir) unless $Opt{keep} }

# At the end of the run, in the main process.
sub drop_all {
    return if $$ != $Main;
    local ($?, $@, $!);
    kill 'KILL', keys %workers;                 # when the run is broken off
    waitpid $_, 0 for keys %workers;
    if ($Opt{keep}) { print "kept: $_\n" for values %run_dir }
    else { remove_tree($_) for values %run_dir }
}

sub slurp {
    my ($path) = @_;
    open my $fh, '<:raw', $path or return undef;
    local $/;
    return scalar(<$fh>) // '';
}

sub spew {
    my ($path, $text) = @_;
    open my $fh, '>:raw', $path or die "$path: $!";
    print {$fh} $text;
    close $fh or die "$path: $!";
}

# The checker of a whole store, after a job: $LAB_CHECKER is a command that understands
# "store --config DIR --partition DIR" and exits 0 when it finds no problem.
sub check_store {
    my ($job, $dir) = @_;
    return unless $ENV{LAB_CHECKER};
    my $out = qx{$ENV{LAB_CHECKER} store --config "$dir/conf" --partition "$dir/spool" 2>&1};
    bound("$job.checker", $? ? 1 : 0, 0) or print map { "  $_\n" } (split /\n/, $out)[ -20 .. -1 ];
}

# ---- time

# The time that a job has, from now: so many seconds, but not less than the trials that its bound asks
# for need, however slow the machine is.  Eight times the seconds are the end in any case.
sub time_for {
    my ($seconds, $trials) = @_;
    return { enough => time + $seconds, end => time + 8 * $seconds, share => POSIX::ceil($trials / $Opt{workers}) };
}

# Is it over for this worker (its state, as spread() knows it)?
sub is_over {
    my ($time, $w) = @_;
    return time > $time->{end} || (time > $time->{enough} && ($w->{said} // 0) >= $time->{share});
}

# ---- processes side by side

# Split a list between worker processes.  $code->($item, $worker_number, $say) runs in a worker;
# what it says comes back line by line through $heard->(line), a line for each trial.  $init->($worker_number)
# first: it returns the worker's state, a hash.
sub spread {
    my ($workers, $items, $init, $code, $heard) = @_;
    my (@pids, %from);
    for my $w (0 .. $workers - 1) {
        pipe my $r, my $wr or die "pipe: $!";
        my $pid = fork() // die "fork: $!";
        if (!$pid) {
            close $r;
            close $_ for keys %from;
            $wr->autoflush(1);
            my $state = eval { $init->($w) };
            print {$wr} 'error ' . ($@ =~ s/\n/ /gr) . "\n" if $@;
            my $say = sub { $state->{said}++; print {$wr} ($_[0] =~ s/\n/ /gr), "\n" };
            for (my $n = $w; !$@ && $n < @$items; $n += $workers) {
                eval { $code->($items->[$n], $state, $say); 1 } or $say->('error ' . $@);
                last if $state->{stop};
            }
            eval { $state->{end}->() } if ref $state && $state->{end};
            POSIX::_exit(0);
        }
        close $wr;
        push @pids, $pid;
        $workers{$pid} = 1;
        $from{$r} = $r;
    }
    my $sel = IO::Select->new(values %from);
    my %rest;
    while ($sel->count) {
        for my $fh ($sel->can_read) {
            my $n = sysread $fh, $rest{$fh} //= '', 65536, length $rest{$fh};
            $heard->($1) while $rest{$fh} =~ s/\A(.*)\n//;
            $sel->remove($fh) unless $n;
        }
    }
    waitpid $_, 0 for @pids;
    delete @workers{@pids};
}

1;
