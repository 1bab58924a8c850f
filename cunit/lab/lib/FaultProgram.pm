package FaultProgram;
# FaultProgram - one server process on a pipe, without a supervisor
#
#   my $p = FaultProgram->start($tree, 'imapd', env => {...});     # imapd -X: a session of its own
#   ... wrap => [ 'strace', '-D', ... ]                           # put before the command
#   my $c = $p->client;                                           # Halcyon::Client on it
#   my $r = FaultProgram::script($tree, 'imapd', $file, 5);        # feed a file, read until the end
use strict;
use warnings;
use IO::Select;
use POSIX ();
use Socket qw(AF_UNIX SOCK_STREAM PF_UNSPEC);
use Time::HiRes qw(time);
use FaultLab;
use Halcyon::Test;

our $LogLibrary = '';           # libfaultlog.so: what the programs log goes to $tree->{dir}/log

sub log_path { my ($tree) = @_; return "$tree->{dir}/log" }

# What was logged since the last call.
sub logged {
    my ($tree) = @_;
    my $text = FaultLab::slurp(log_path($tree)) // return '';
    unlink log_path($tree);
    return $text;
}

sub environment {
    my ($tree, $env) = @_;
    my @preload = grep { $_ } $LogLibrary, $env && $env->{LD_PRELOAD};
    $ENV{FAULT_LOG} = log_path($tree);
    @ENV{ keys %$env } = values %$env if $env;
    if (@preload) {
        $ENV{LD_PRELOAD} = join ':', @preload;
        $ENV{ASAN_OPTIONS} = join ':', grep { $_ } $ENV{ASAN_OPTIONS}, 'verify_asan_link_order=0';
    }
}

# A child process with these descriptors as standard input and output; standard error goes to the
# file "stderr" of the tree.
sub spawn {
    my ($tree, $cmd, $in, $out, $env) = @_;
    my $pid = fork() // die "fork: $!";
    return $pid if $pid;
    POSIX::dup2(fileno $in, 0);
    POSIX::dup2(fileno $out, 1);
    my $err = POSIX::open("$tree->{dir}/stderr", POSIX::O_WRONLY() | POSIX::O_CREAT() | POSIX::O_APPEND(), 0666);
    POSIX::dup2($err, 2) if defined $err;
    POSIX::close($_) for 3 .. 20;
    environment($tree, $env);
    exec { $cmd->[0] } @$cmd or POSIX::_exit(127);
}

# The command line of a session on standard input.
sub command {
    my ($tree, $name) = @_;
    my @more = $name eq 'lmtpd' ? ('-a') : ();
    return [ Halcyon::Test::program($name), '-C', "$tree->{dir}/imapd.conf", '-X', @more ];
}

# How a process ended, for people and for judgement: '' (exit 0), 'exit N', 'signal N'.
sub ending {
    my ($status) = @_;
    return $status & 127 ? 'signal ' . ($status & 127) : $status ? 'exit ' . ($status >> 8) : '';
}

# Run a program to its end with a file as its input.  Returns { out, ending, hang }.
sub script {
    my ($tree, $name, $file, $seconds, %o) = @_;
    my $cmd = $o{cmd} || command($tree, $name);
    open my $in, '<', $file or die "$file: $!";
    pipe my $from, my $out or die "pipe: $!";
    my $pid = spawn($tree, $cmd, $in, $out, $o{env});
    close $out;
    return _until_end($pid, $from, '', $seconds);
}

# What a process still says until it ends; killed when that takes too long.
sub _until_end {
    my ($pid, $from, $text, $seconds) = @_;
    my ($deadline, $hang) = (time + $seconds, 0);
    my $sel = IO::Select->new($from);
    while (1) {
        my $left = $deadline - time;
        if ($left <= 0 || !$sel->can_read($left)) { $hang = 1; kill 'KILL', $pid; last }
        sysread $from, $text, 65536, length $text or last;
    }
    waitpid $pid, 0;
    return { out => $text, ending => ending($?), hang => $hang };
}

# ---- a dialogue
sub start {
    my ($class, $tree, $name, %o) = @_;
    socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die "socketpair: $!";
    my $pid = spawn($tree, [ @{ $o{wrap} || [] }, @{ command($tree, $name) } ], $theirs, $theirs, $o{env});
    close $theirs;
    my $c = bless { sock => $ours, buf => '', tag => 0 }, 'Halcyon::Client';
    return bless { pid => $pid, client => $c, name => $name, tree => $tree, owner => $$ }, $class;
}

sub client { my ($self) = @_; return $self->{client} }

# Send the rest of a dialogue that ends by itself.  As script().
sub feed {
    my ($self, $text, $seconds) = @_;
    my $c = $self->{client};
    eval { $c->send($text) };
    my $r = _until_end($self->{pid}, $c->{sock}, delete $c->{buf}, $seconds);
    $self->{ending} = $r->{ending};
    return $r;
}

# Open descriptors of the process, by what they are.
sub descriptors {
    my ($self) = @_;
    return sort map { (readlink $_) // () } glob "/proc/$self->{pid}/fd/*";
}

# Ended by itself?  The way it ended; undef while it runs.
sub ended {
    my ($self, $seconds) = @_;
    return $self->{ending} if defined $self->{ending};
    my $deadline = time + ($seconds // 0);
    while (1) {
        if (waitpid($self->{pid}, POSIX::WNOHANG()) == $self->{pid}) { return $self->{ending} = ending($?) }
        return undef if time >= $deadline;
        select undef, undef, undef, 0.002;
    }
}

sub kill9 {
    my ($self) = @_;
    return $self->{ending} if defined $self->{ending};
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    return $self->{ending} = ending($?);
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local ($?, $@, $!);
    $self->kill9;
}

1;
