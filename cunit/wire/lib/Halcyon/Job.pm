package Halcyon::Job;
# Halcyon::Job - run a real mail program to its end, in a directory of its own, with a deadline
#
#   my $w = Halcyon::Job->new($instance);           # work directory = HOME of what runs in it
#   $w->file('mbsyncrc', $text, 0600);
#   my $r = $w->run(['mbsync', '-c', $w->path('mbsyncrc'), 'c'], stdin => '', timeout => 40);
#   is($r->{status}, 0) or diag($r->{err});
#
# The program runs as the account of the instance: never as root, with a small clean environment.
use strict;
use warnings;
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use IO::Select;
use POSIX ();

our $TIMEOUT = 50;      # seconds

sub new {
    my ($class, $instance) = @_;
    my $dir = tempdir('halcyon-job-XXXXXX', TMPDIR => 1, CLEANUP => 0);
    my $self = bless { dir => $dir, instance => $instance, owner => $$ }, $class;
    chmod 0755, $dir;
    $self->_own($dir);
    return $self;
}

sub path { my ($self, @rest) = @_; return join '/', $self->{dir}, @rest }

sub _own {
    my ($self, $path) = @_;
    my $account = $self->{instance}{account};
    return if $> != 0 || $account eq 'root';
    my ($uid, $gid) = (getpwnam $account)[2, 3];
    chown $uid, $gid, $path or die "chown $path: $!";
}

sub dir {
    my ($self, $name, $mode) = @_;
    my $path = $self->path($name);
    make_path($path);
    chmod $mode // 0755, $path;
    $self->_own($path);
    return $path;
}

sub file {
    my ($self, $name, $text, $mode) = @_;
    my $path = $self->path($name);
    open my $fh, '>', $path or die "$path: $!";
    binmode $fh;
    print {$fh} $text;
    close $fh or die "$path: $!";
    chmod $mode // 0600, $path;
    $self->_own($path);
    return $path;
}

sub slurp {
    my ($self, $name) = @_;
    open my $fh, '<', $self->path($name) or return undef;
    binmode $fh;
    local $/;
    return scalar(<$fh>) // '';
}

# Options: stdin (text), talk (instead: list of [pattern, text]; each text is written when its pattern
# has appeared on standard output since the one before), timeout (s), env (hash), user ('root': do not
# change the account), peer (a Halcyon::Peer whose libraries the program needs).
# Returns { status => exit code, 256 + signal, or 'time-out'; out, err => text }.
sub run {
    my ($self, $cmd, %o) = @_;
    my ($in, $out, $err) = map { $self->path(".$_") } qw(stdin stdout stderr);
    $self->file('.stdin', $o{stdin} // '', 0644);
    my ($theirs_in, $ours_out, $ours_in, $theirs_out);
    if ($o{talk}) {
        pipe $theirs_in, $ours_out or die "pipe: $!";
        pipe $ours_in, $theirs_out or die "pipe: $!";
    }
    my $pid = fork();
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        POSIX::setsid();
        ($o{talk} ? open STDIN, '<&', $theirs_in : open STDIN, '<', $in) or POSIX::_exit(126);
        ($o{talk} ? open STDOUT, '>&', $theirs_out : open STDOUT, '>', $out) or POSIX::_exit(126);
        open STDERR, '>', $err or POSIX::_exit(126);
        close $_ for grep { $_ } $theirs_in, $ours_out, $ours_in, $theirs_out;
        %ENV = (PATH => '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', HOME => $self->{dir}, LANG => 'C.UTF-8',
                TERM => 'xterm', USER => 'alice', LOGNAME => 'alice', TMPDIR => $self->{dir},
                map { exists $ENV{$_} ? ($_ => $ENV{$_}) : () } qw(ASAN_OPTIONS UBSAN_OPTIONS));
        chdir $self->{dir} or POSIX::_exit(126);
        $self->{instance}->drop_privileges unless ($o{user} // '') eq 'root';
        $o{peer}->environment if $o{peer};
        @ENV{ keys %{ $o{env} } } = values %{ $o{env} } if $o{env};
        exec { $cmd->[0] } @$cmd or POSIX::_exit(127);
    }
    my $deadline = time + ($o{timeout} // $TIMEOUT);
    my $said;
    if ($o{talk}) {
        close $_ for $theirs_in, $theirs_out;
        $said = _talk($ours_in, $ours_out, $deadline, @{ $o{talk} });
    }
    my $status = _wait($pid, $deadline - time);
    my $result = { status => $status, out => $said // $self->slurp('.stdout'), err => $self->slurp('.stderr') };
    unlink $in, $out, $err;
    return $result;
}

# Feed a program step by step; returns all it said until it closed its output.
sub _talk {
    my ($from, $to, $deadline, @steps) = @_;
    my ($said, $done) = ('', 0);
    local $SIG{PIPE} = 'IGNORE';
    my $sel = IO::Select->new($from);
    while (1) {
        if (@steps && substr($said, $done) =~ $steps[0][0]) {
            $done = length $said;
            syswrite $to, (shift @steps)->[1];
            close $to unless @steps;
        }
        my $left = $deadline - time;
        last if $left <= 0 || !$sel->can_read($left);
        last unless sysread $from, $said, 65536, length $said;
    }
    return $said;
}

sub _wait {
    my ($pid, $timeout) = @_;
    $timeout = 1 if $timeout < 1;
    my $got = eval {
        local $SIG{ALRM} = sub { die "time-out\n" };
        alarm $timeout;
        waitpid $pid, 0;
        alarm 0;
        1;
    };
    my $status = $?;
    kill 'KILL', -$pid;                 # the time-out's victim, and whatever the program left behind
    if (!$got) {
        alarm 0;
        waitpid $pid, 0;
        return 'time-out';
    }
    return $status & 127 ? 256 + ($status & 127) : $status >> 8;
}

# One line for a failed test: what the program said.
sub told {
    my ($r) = @_;
    return "status $r->{status}\n--- stdout\n$r->{out}\n--- stderr\n$r->{err}";
}

sub DESTROY {
    my ($self) = @_;
    return if $$ != $self->{owner};     # a forked child must not remove it
    local ($?, $@, $!);
    remove_tree($self->{dir}) unless $ENV{HALCYON_KEEP};
}

1;
