package Lab::Replay;
# Lab::Replay - a recorded run: drives cunit/lab/replay (see replay.c), and counts what clients heard
#
# A client knows how many bytes it has read when it holds a positive reply; the log knows when the
# server sent that many to the client's port.  That record is the moment of the promise.
use strict;
use warnings;
use Halcyon::Client;
use IO::Handle;
use IPC::Open2 qw(open2);

# Every connection counts what it receives.
{
    no warnings 'redefine';
    my $fill = \&Halcyon::Client::_fill;
    *Halcyon::Client::_fill = sub {
        my ($self) = @_;
        my $before = length $self->{buf};
        my @r = $fill->(@_);
        $self->{lab_received} += length($self->{buf}) - $before;
        return @r;
    };
}

# [ port, bytes ] of what a client has read and used so far.
sub heard {
    my ($conn) = @_;
    return [ $conn->{lab_port}, ($conn->{lab_received} // 0) - length $conn->{buf} ];
}

# To be called while the connection is open.
sub tap { my ($conn) = @_; $conn->{lab_port} //= $conn->{sock}->sockport }

# Takes the tree as it is now; the instance does not run.
sub new {
    my ($class, $world) = @_;
    my $i = $world->{i};
    my ($uid, $gid) = (getpwnam $i->{account})[2, 3];
    my $self = bless {}, $class;
    $self->{pid} = open2($self->{out}, $self->{in}, "$Halcyon::Test::Build/cunit/lab/replay", "$world->{lab}{file}.log", $uid, $gid,
                         "$i->{dir}/conf", "$i->{dir}/spool");
    $self->{in}->autoflush(1);
    $self->_line eq 'ready' or die "replay does not start\n";
    return $self;
}

sub _line {
    my ($self) = @_;
    my $fh = $self->{out};
    my $line = <$fh> // die "replay has ended\n";
    chomp $line;
    return $line;
}

sub ask {
    my ($self, $command) = @_;
    print { $self->{in} } "$command\n";
    my $line = $self->_line;
    die "replay: $command: $line\n" if $line eq 'error' || $line eq 'failed';
    return $line;
}

sub _list {
    my ($self, $command) = @_;
    print { $self->{in} } "$command\n";
    my @lines;
    while ((my $line = $self->_line) ne '.') { push @lines, $line }
    return @lines;
}

# Read the log: events as { number, pos, type, pid, port, bytes, path }.
sub load {
    my ($self) = @_;
    my @events;
    for ($self->_list('log')) {
        my %e;
        @e{qw(number pos type pid port bytes path)} = split / /, $_, 7;
        push @events, \%e;
        push @{ $self->{sent}{ $e{port} } }, \%e if $e{type} eq 'send';
    }
    $self->{events} = \@events;
    return \@events;
}

# Number of the first record at or behind a position of the log.
sub number_at {
    my ($self, $pos) = @_;
    my $e = $self->{events};
    my ($low, $high) = (0, scalar @$e);
    while ($low < $high) {
        my $mid = ($low + $high) >> 1;
        if ($e->[$mid]{pos} < $pos) { $low = $mid + 1 } else { $high = $mid }
    }
    return $low;
}

# Number of the record by which a client was told; undef when it is not in the log.
sub told_at {
    my ($self, $heard) = @_;
    my ($port, $bytes) = @$heard;
    for my $e (@{ $self->{sent}{$port} || [] }) { return $e->{number} if $e->{bytes} >= $bytes }
    return undef;
}

sub unsynced { my ($self) = @_; return $self->_list('unsynced') }

sub close {
    my ($self) = @_;
    CORE::close $self->{in};
    waitpid $self->{pid}, 0;
}

1;
