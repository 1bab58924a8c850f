package Lab::C6;
# Lab::C6 - a real file system, cut off: what an ext4 or xfs image holds at a random instant
#
# The instance lives on a file system in an image file (a loop device, so root is needed).  At a random
# instant during an operation everything is stopped by SIGSTOP, and the image file is copied: it holds
# what the inner file system has written so far, and nothing of what is only in memory.  The copy is
# mounted in place of the original, the server starts on it, and is judged by what had been acknowledged
# when the stop came.
use strict;
use warnings;
use File::Temp qw(tempdir);
use POSIX ();
use Time::HiRes qw(time);
use Lab::Ops;
use Lab::Report qw(result note trouble);
use Lab::World;

use constant { IMAGE_SIZE => 384 << 20,          # xfs wants 300 MB
    LONGEST_WAIT => 0.1 };                      # some operations' time, in seconds

my %MKFS = (ext4 => [qw(mkfs.ext4 -q -F)], xfs => [qw(mkfs.xfs -q -f)]);

sub run {
    my ($name, %o) = @_;
    my @kinds = $o{kinds} ? @{ $o{kinds} } : qw(ext4 xfs);
    if ($> != 0) { note("$name: skipped, it needs root to mount images"); return {} }
    my %sum = map { $_ => 0 } qw(states lost half other faults);
    local @SIG{qw(INT TERM HUP)} = (sub { die "told to end\n" }) x 3;      # nothing stays mounted
    for my $kind (@kinds) {
        if (!grep { -x "$_/$MKFS{$kind}[0]" } qw(/sbin /usr/sbin), split /:/, $ENV{PATH}) {
            note("$name: $kind is left out, there is no $MKFS{$kind}[0]");
            next;
        }
        _kind($name, \%sum, $kind, { %o, seconds => $o{seconds} / @kinds });
    }
    result("$name.states", $sum{states}, $o{least} ? ">=$o{least}" : '-');
    result("$name.lost", $sum{lost}, 0);
    result("$name.half", $sum{half}, 0);
    result("$name.other", $sum{other}, 0);
    result("$name.faults", $sum{faults}, 0);
    return \%sum;
}

sub _sys { my (@cmd) = @_; system(@cmd) == 0 or die "@cmd failed\n" }

sub _kind {
    my ($name, $sum, $kind, $o) = @_;
    my $dir = tempdir('crashlab-XXXXXX', DIR => $ENV{LAB_IMAGES} || $ENV{TMPDIR} || '/tmp');
    chmod 0755, $dir;
    my $m = { image => "$dir/image", copy => "$dir/copy", at => "$dir/mnt" };
    mkdir $m->{at};
    open my $fh, '>', $m->{image} or die "$m->{image}: $!";
    truncate $fh, IMAGE_SIZE;
    close $fh;
    if (eval { _sys(@{ $MKFS{$kind} }, $m->{image}); _mount($m->{image}, $m->{at}); 1 }) {
        eval { _cuts($name, $sum, $kind, $m, $o); 1 } or do {
            $sum->{other}++;
            $m->{keep} = 1;
            trouble($name, "$kind (kept: $dir)", "the laboratory broke: $@");
        };
        system 'umount', '-l', $m->{at} if _is_mounted($m->{at});
    } else {
        note("$name: $kind is left out, its image cannot be made or mounted here: $@");
    }
    File::Path::remove_tree($dir) unless $m->{keep};
}

sub _is_mounted {
    my ($at) = @_;
    open my $fh, '<', '/proc/mounts' or return 0;
    return scalar grep { (split)[1] eq $at } <$fh>;
}

sub _mount { my ($file, $at) = @_; _sys('mount', '-o', 'loop', $file, $at) }

# umount may have to wait for the last process to be gone.
sub _umount {
    my ($at) = @_;
    for (1 .. 200) { return if system("umount '$at' 2>/dev/null") == 0; select undef, undef, undef, 0.02 }
    die "umount $at failed\n";
}

sub _cuts {
    my ($name, $sum, $kind, $m, $o) = @_;
    mkdir "$m->{at}/i";
    chmod 0755, $m->{at}, "$m->{at}/i";
    my $w = Lab::World->new(plain => 1, dir => "$m->{at}/i", conf => $o->{conf} // Lab::World::conf_of($o->{seed}));
    $w->{tag} = "c6s$o->{seed}";
    $w->populate;
    system 'sync', '-f', $w->{i}{dir};          # the configuration and what was set up: nobody's promise but ours
    srand $o->{seed};
    my $deadline = time + $o->{seconds};
    while (time < $deadline) {
        $w->tidy;
        my ($cut, @done) = _work_until_cut($w, $m);
        $w->kill_all;
        _umount($m->{at});
        _mount($m->{copy}, $m->{at});
        _look($name, $sum, $kind, $w, $m, $cut, @done) if $cut;
        $w->kill_all;
        _umount($m->{at});
        _mount($m->{image}, $m->{at});
        $w->start;
        $w->adopt($w->observe);
    }
    $w->stop;
    $w->kill_all;
    my @faults = grep { $_ ne '' } split /\n/, $w->{i}->faults;
    $sum->{faults} += @faults;
    trouble($name, $kind, @faults) if @faults;
    _umount($m->{at});
}

# Operations one after another, until the image has been copied.  Returns when everything stood still, and
# what was done: { row, since (what was seen before the command), start, end, parts }.
sub _work_until_cut {
    my ($w, $m) = @_;
    my $cutter = _cutter($w, $m, rand LONGEST_WAIT);
    my @done;
    until ($cutter->{over}->()) {
        my $row = $Lab::Ops::OPS[ rand @Lab::Ops::OPS ];
        my $op = $row->[1]->($w) or next;
        my $since = $w->{seen};
        my $start = time;
        Lab::Ops::perform($op);
        push @done, { row => $row->[0], since => $since, start => $start, end => time, parts => $op->{parts} };
        $w->check(@{ $op->{parts} });
    }
    return ($cutter->{told}->(), @done);
}

# A process that stops everything after a while, and copies the image.  Tells the time of the stop.
sub _cutter {
    my ($w, $m, $delay) = @_;
    my $master = $w->{i}{master};
    pipe my $from, my $to or die "pipe: $!";
    my $pid = fork() // die "fork: $!";
    if (!$pid) {
        select undef, undef, undef, $delay;
        kill 'STOP', -$master;
        my $t = time;
        my $rc = system 'cp', '--sparse=always', $m->{image}, $m->{copy};
        kill 'CONT', -$master;
        syswrite $to, "$t\n" if $rc == 0;
        POSIX::_exit(0);
    }
    close $to;
    return { over => sub { return waitpid($pid, POSIX::WNOHANG()) != 0 },
             told => sub { my $t = <$from>; chomp $t if $t; return $t } };
}

# The operation that the cut fell into: those before it are acknowledged, those after it never were.
sub _look {
    my ($name, $sum, $kind, $w, $m, $cut, @done) = @_;
    my ($at) = grep { $_->{end} >= $cut } @done;
    $at //= $done[-1] // return;
    my $now = eval { $w->start; my $seen = $w->observe; $w->open_deleted; push @{ $seen->{bad} }, map { "files: $_" } $w->files; $seen }
        || { facts => {}, boxes => {}, bad => ["the server does not answer: $@"] };
    return if $at->{start} > $cut;              # fell between two operations: the preparation is in doubt
    $sum->{states}++;
    my @parts = map { { %$_, acked => $_->{acked} && $at->{end} < $cut } } @{ $at->{parts} };
    my @bad = grep { !/$Lab::World::REMADE/ } Lab::World::judge($at->{since}, $now, @parts);
    return unless @bad;
    $sum->{lost}++ if grep { /^lost/ } @bad;
    $sum->{half}++ if grep { /^half/ } @bad;
    $sum->{other}++ if grep { !/^(?:lost|half)/ } @bad;
    rename $m->{copy}, "$m->{copy}.$sum->{states}" or die "$m->{copy}: $!\n";
    $m->{keep} = 1;
    trouble($name, "seed $w->{tag}$w->{conf}, $kind, during $at->{row} (kept, after recovery: $m->{copy}.$sum->{states})", @bad);
}

1;
