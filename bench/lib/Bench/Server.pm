package Bench::Server;
# Bench::Server - one mail server of the comparison: configuration, start, stop
#
#   my $s = Bench::Server->new('cyrus', dir => ..., driver => ..., account => ..., users => ...);
#   $s->start;  $s->port('imap');  $s->tree;  $s->stop;
#
# Every server runs without privilege on free loopback ports, below a supervisor (drive supervise)
# that owns all its processes and ends with this one.  The table %SERVERS says how they differ.
use strict;
use warnings;
use File::Path qw(make_path);
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(time);
use Bench::Config qw(cyrus_config dovecot_config);
use Bench::File qw(slurp);
use Halcyon::Peer;

my $FILES = 20_000;             # descriptors a server may open
my $START_SECONDS = 60;
my @PROTOCOLS = qw(imap pop3 lmtp);

my %SERVERS = (
    'halcyon'         => { family => 'cyrus' },
    'cyrus'           => { family => 'cyrus', peer => 'cyrus' },
    'dovecot-sdbox'   => { family => 'dovecot', peer => 'dovecot', location => 'sdbox:~/mail' },
    'dovecot-maildir' => { family => 'dovecot', peer => 'dovecot', location => 'maildir:~/mail' },
    'dovecot-mdbox'   => { family => 'dovecot', peer => 'dovecot', location => 'mdbox:~/mail' },
);

# Programs of the Cyrus family in our build tree.
my %OURS = (
    master => 'master/master', imapd => 'imap/imapd/imapd', pop3d => 'imap/pop3d/pop3d',
    lmtpd => 'imap/lmtpd/lmtpd', idled => 'imap/small/idled', ctl_cyrusdb => 'imap/admin/ctl_cyrusdb',
);

# Keys: dir (data, kept between runs), driver (path), account { name group uid gid drop },
# build (our build tree), users (all names that must be able to log in).
sub new {
    my ($class, $name, %arg) = @_;
    my $row = $SERVERS{$name} or die "no server is called '$name': " . join(' ', sort keys %SERVERS) . "\n";
    my $self = bless { name => $name, %$row, %arg }, $class;
    $self->{unpacked} = Halcyon::Peer->get($row->{peer}) if $row->{peer};
    patch_module_path($self->{unpacked}) if $self->{family} eq 'dovecot';
    if (!$row->{peer}) {
        for my $p (sort keys %OURS) {
            my $path = "$self->{build}/$OURS{$p}";
            -x $path or die "$path is not there: build Halcyon first, or set HALCYON_BUILDDIR\n";
        }
    }
    return $self;
}

sub name { return $_[0]{name} }
sub is_ours { return !$_[0]{peer} }
sub needs_admin { return $_[0]{family} eq 'cyrus' }     # users must be made by the administrator
sub port { my ($self, $protocol) = @_; return $self->{port}{$protocol} }
sub tree { return $_[0]{supervisor} }
sub dir { return $_[0]{dir} }
sub launched { return $_[0]{launched} }                 # time of the last start, behind all preparations

# One line for the report.
sub version {
    my ($self) = @_;
    return "build tree $self->{build}" if $self->is_ours;
    my $root = $self->{unpacked}->root;
    my $package = $self->{peer} eq 'cyrus' ? 'cyrus-common' : 'dovecot-core';
    my $line = qx{zcat '$root/usr/share/doc/$package/changelog.Debian.gz' 2>/dev/null | head -n 1};
    return $line =~ /^(\S+) \(([^)]*)\)/ ? "Debian $1 $2" : 'unknown version';
}

sub program {
    my ($self, $name) = @_;
    return $self->{unpacked} ? $self->{unpacked}->program($name) : "$self->{build}/$OURS{$name}";
}

# Dovecot looks for its TLS module below /usr/lib/dovecot, which a private copy does not have, and
# ends without it.  In the private copy of the library that path becomes "modules", relative to
# base_dir, where the processes run; Bench::Config puts a link there.
sub patch_module_path {
    my ($peer) = @_;
    my $library = $peer->root . '/usr/lib/dovecot/libdovecot.so.0.0.0';
    open my $fh, '+<:raw', $library or die "$library: $!\n";
    my $bytes = do { local $/; <$fh> };
    my $old = "/usr/lib/dovecot/modules\0";
    return if index($bytes, $old) < 0;
    my $new = 'modules' . "\0" x (length($old) - length 'modules');
    $bytes =~ s/\Q$old\E/$new/g;
    seek $fh, 0, 0;
    print {$fh} $bytes;
    close $fh or die "$library: $!\n";
}

sub choose_ports {
    my ($self) = @_;
    my %held;                   # all at once, so that they differ
    for my $protocol (@PROTOCOLS) {
        $held{$protocol} = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "no free port: $!\n";
        $self->{port}{$protocol} = $held{$protocol}->sockport;
    }
}

sub start {
    my ($self) = @_;
    return if $self->{supervisor};
    make_path($self->{dir});
    $self->choose_ports;
    my @command = $self->{family} eq 'cyrus' ? cyrus_config($self) : dovecot_config($self);
    my $account = $self->{account};
    system('chown', '-R', "$account->{uid}:$account->{gid}", $self->{dir}) if $account->{drop};
    my @drop = $account->{drop} ? ("uid=$account->{uid}", "gid=$account->{gid}") : ();
    $self->{launched} = time;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        $self->{unpacked}->environment if $self->{unpacked};
        $ENV{TZ} = 'UTC';
        chdir $self->{dir};
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/start.log";
        open STDERR, '>&', \*STDOUT;
        exec $self->{driver}, 'supervise', @drop, "files=$FILES", '--', @command or POSIX::_exit(127);
    }
    $self->{supervisor} = $pid;
    $self->wait_ready($_) for @PROTOCOLS;
}

sub wait_ready {
    my ($self, $protocol) = @_;
    my $deadline = time + $START_SECONDS;
    my $port = $self->port($protocol);
    while (time < $deadline) {
        if (waitpid($self->{supervisor}, 1) == $self->{supervisor}) {
            delete $self->{supervisor};
            last;
        }
        my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Timeout => 5);
        my $ready = '';
        vec($ready, fileno $s, 1) = 1 if $s;
        return if $s && select($ready, undef, undef, 5) && defined(my $line = <$s>);
        select undef, undef, undef, 0.005;
    }
    my $tail = qx{tail -n 5 '$self->{dir}/start.log' '$self->{dir}/log' 2>/dev/null};
    $self->stop;
    die "$self->{name}: no $protocol greeting within $START_SECONDS s; its last words:\n$tail\n";
}

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{supervisor} or return;
    kill 'TERM', $pid;
    waitpid $pid, 0;
}

# End everything with SIGKILL, masters before what they would start anew.
sub kill_all {
    my ($self) = @_;
    while ($self->{supervisor}) {
        my (undef, @pids) = $self->pids;
        kill 'KILL', @pids;
        last if !@pids;
    }
    waitpid delete $self->{supervisor}, 0;
}

# Pids of the whole tree, the supervisor first.
sub pids {
    my ($self) = @_;
    my %children;
    for my $stat (glob '/proc/[0-9]*/stat') {
        my ($pid, $parent) = slurp($stat) =~ /^(\d+) \(.*\) \S (\d+)/s or next;
        push @{ $children{$parent} }, $pid;
    }
    my @all = ($self->{supervisor});
    for (my $i = 0; $i < @all; $i++) {
        push @all, @{ $children{ $all[$i] } || [] };
    }
    return @all;
}

1;
