package Halcyon::Peer;
# Halcyon::Peer - Debian's own mail servers beside ours, unpacked privately, never installed
#
#   my $p = Halcyon::Peer->get('cyrus');       # downloads once, then finds the unpacked tree
#   exec $p->program('imapd'), ...             # after $p->environment in the child process
#
# Debian's cyrus-imapd and dovecot exclude each other and would start by themselves: the packages
# are fetched with "apt-get download" and opened with "dpkg-deb -x" below $HALCYON_PEERS or, when
# that is not set, below the build tree.  The libraries they need come from "tools/packages peers".
use strict;
use warnings;
use Cwd qw(abs_path);
use Fcntl qw(:flock);
use File::Path qw(make_path remove_tree);

my %PACKAGES = (
    cyrus   => [qw(cyrus-common cyrus-imapd cyrus-pop3d cyrus-clients cyrus-admin libcyrus-imap-perl)],
    dovecot => [qw(dovecot-core dovecot-imapd dovecot-pop3d dovecot-lmtpd)],
);
my %BIN = (cyrus => 'usr/lib/cyrus/bin', dovecot => 'usr/lib/dovecot');
my %LIB = (
    cyrus   => [qw(usr/lib/x86_64-linux-gnu)],
    dovecot => [qw(usr/lib/dovecot usr/lib/dovecot/modules/old-stats)],
);
my %ELSEWHERE = (doveadm => 'usr/bin/doveadm', doveconf => 'usr/bin/doveconf', dovecot => 'usr/sbin/dovecot');

sub get {
    my ($class, $name) = @_;
    my $packages = $PACKAGES{$name} or die "Halcyon::Peer: no peer is called '$name'\n";
    my $cache = $ENV{HALCYON_PEERS} || abs_path($ENV{HALCYON_BUILDDIR} || '.') . '/peers';
    die "Halcyon::Peer: $cache is in the source tree: set HALCYON_BUILDDIR or HALCYON_PEERS\n" if -e "$cache/../configure.ac";
    my $self = bless { name => $name, root => "$cache/$name" }, $class;
    return $self if -d $self->{root};
    make_path($cache);
    open my $lock, '>>', "$cache/$name.lock" or die "$cache/$name.lock: $!";
    flock $lock, LOCK_EX or die "$cache/$name.lock: $!";
    _unpack($cache, $name, @$packages) unless -d "$cache/$name";
    return $self;
}

# Into a directory of another name first: what stands under the final name is complete.
sub _unpack {
    my ($cache, $name, @packages) = @_;
    my $part = "$cache/$name.part";
    remove_tree($part);
    make_path("$part/deb", "$part/root");
    my $out = qx{cd "$part/deb" && apt-get -q download @packages 2>&1};
    die "apt-get download @packages failed (is the package list there? run apt-get update):\n$out" if $?;
    for my $deb (glob "$part/deb/*.deb") {
        system('dpkg-deb', '-x', $deb, "$part/root") == 0 or die "dpkg-deb -x $deb failed";
    }
    rename "$part/root", "$cache/$name" or die "$cache/$name: $!";
    remove_tree($part);
}

sub root { my ($self) = @_; return $self->{root} }

sub program {
    my ($self, $name) = @_;
    my $path = "$self->{root}/" . ($ELSEWHERE{$name} || "$BIN{ $self->{name} }/$name");
    die "Halcyon::Peer: $self->{name} has no program $name ($path)\n" unless -x $path;
    return $path;
}

sub library_path {
    my ($self) = @_;
    return join ':', map { "$self->{root}/$_" } @{ $LIB{ $self->{name} } };
}

# Directory of the peer's Perl modules.
sub perl_lib {
    my ($self) = @_;
    my ($dir) = glob "$self->{root}/usr/lib/*/perl5/*";
    return $dir // die "Halcyon::Peer: no Perl modules below $self->{root}\n";
}

# Call it in the child process that will execute one of the programs.
sub environment {
    my ($self) = @_;
    $ENV{LD_LIBRARY_PATH} = $self->library_path;
    delete @ENV{qw(ASAN_OPTIONS UBSAN_OPTIONS)};
}

1;
