package Halcyon::Test;
# Halcyon::Test - a private live instance for wire tests, and clients to talk to it
#
#   my $i = Halcyon::Test->new(conf => { unixhierarchysep => 'no' });   # started, ready
#   my $c = $i->imap(user => 'alice');                                 # logged in
#   is($c->ok('SELECT INBOX'), ...);
#   $i->stop;                                                          # also at destruction
#
# With peer => 'cyrus' (or HALCYON_PEER=cyrus in the environment, when a test leaves it open) the
# same instance is run by Debian's cyrus-imapd instead of ours: see Halcyon::Peer.
#
# Everything lives in one temporary directory; ports are picked free; readiness is the
# supervisor's own notification, not a guess.  Core modules only.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(SOCK_DGRAM SOCK_STREAM);
use Halcyon::Client;
use Halcyon::Peer;

# A test that is told to end still stops what it started: exit runs END blocks and destructors.
$SIG{$_} ||= sub { exit 1 } for 'INT', 'TERM', 'HUP';

our $Build = abs_path($ENV{HALCYON_BUILDDIR} || '.');
our $Source = abs_path($ENV{HALCYON_SRCDIR} || '.');

our %PROGRAM = (
    master => 'master/master', imapd => 'imap/imapd/imapd', pop3d => 'imap/pop3d/pop3d',
    lmtpd => 'imap/lmtpd/lmtpd', deliver => 'imap/lmtpd/deliver', idled => 'imap/small/idled',
    imtest => 'tools/imtest',
);

sub program {
    my ($name) = @_;
    my $path = "$Build/" . ($PROGRAM{$name} || "imap/admin/$name");
    die "Halcyon::Test: $path is not built: run make first\n" unless -x $path;
    return $path;
}

# The same for an instance: our program, or the peer's of that name.
sub prog {
    my ($self, $name) = @_;
    return $self->{peer} ? $self->{peer}->program($name) : program($name);
}

# A TCP port of the loopback that was free a moment ago.
sub free_port {
    my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'tcp', Listen => 1)
        or die "no free port: $!";
    return $s->sockport;
}

# As root the instance runs as "nobody", if that account can reach the programs.
sub _service_account {
    my ($prog) = @_;
    return (getpwuid($>))[0] if $> != 0;
    my $pid = fork();
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
        $) = "$gid $gid";
        $> = $uid;
        POSIX::_exit(-x $prog && open(my $fh, '<', $prog) ? 0 : 1);
    }
    waitpid $pid, 0;
    return $? == 0 ? 'nobody' : 'root';
}

# Options: conf (hash of imapd.conf lines), users (hash name => password), services (hash name =>
# cyrus.conf line; replaces the default set), start (lines), events (lines), daemons (lines),
# tls (make a certificate), idled (start it), dir (keep and reuse), nostart, peer ('' for ours whatever the environment says).
sub new {
    my ($class, %o) = @_;
    my $self = bless { opts => \%o, procs => [], owner => $$ }, $class;
    my $peer = $o{peer} // $ENV{HALCYON_PEER} // '';
    $self->{peer} = Halcyon::Peer->get($peer) if $peer ne '';
    $self->{account} = _service_account($self->prog('master'));
    $self->{group} = (getgrgid((getpwnam $self->{account})[3]))[0];
    $self->{dir} = $o{dir} || tempdir('halcyon-wire-XXXXXX', TMPDIR => 1, CLEANUP => 0);
    $self->{keep} = $o{keep};
    $self->{port} = { map { $_ => free_port() } qw(imap imaps pop3 pop3s lmtp) };
    $self->{users} = $o{users} || { alice => 'secret', bob => 'secret', carol => 'secret',
                                    cyrus => 'secret' };
    $self->_lay_out;
    $self->start unless $o{nostart};
    return $self;
}

sub path { my ($self, @rest) = @_; return join '/', $self->{dir}, @rest }

sub _write {
    my ($path, $text) = @_;
    open my $fh, '>', $path or die "$path: $!";
    print {$fh} $text;
    close $fh or die "$path: $!";
}

# Change a configuration file before start: the code sees and changes \$_.
sub rewrite {
    my ($self, $name, $code) = @_;
    local $_ = _slurp("$self->{dir}/$name");
    $code->();
    _write("$self->{dir}/$name", $_);
}

sub _lay_out {
    my ($self) = @_;
    my ($dir, $o) = ($self->{dir}, $self->{opts});
    make_path("$dir/conf", "$dir/spool", "$dir/run", map { "$dir/conf/$_" } qw(db log msg proc socket));
    $self->_certificate if $o->{tls};
    my %conf = (
        configdirectory => "$dir/conf", 'partition-default' => "$dir/spool",
        defaultpartition => 'default', admins => 'cyrus', servername => 'mail.example.org',
        cyrus_user => $self->{account}, cyrus_group => $self->{group},
        sasl_pwcheck_method => 'auxprop', sasl_auxprop_plugin => 'sasldb',
        sasl_sasldb_path => "$dir/conf/sasldb2", sasl_mech_list => 'PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256',
        allowplaintext => 'yes', autocreate_quota => 0, autocreate_inbox_folders => '',
        autocreate_post => 'yes', unixhierarchysep => 'no', altnamespace => 'no', virtdomains => 'off',
        lmtpsocket => "$dir/run/lmtp", failedloginpause => '0', sync_log => 'no',
        syslog_prefix => 'halcyon-test', unix_group_enable => 'no',
        $self->{peer} ? () : (journal_size => 4 << 20),
        %{ $o->{conf} || {} },
    );
    if ($o->{tls}) {
        $conf{tls_server_cert} ||= "$dir/conf/cert.pem";
        $conf{tls_server_key} ||= "$dir/conf/key.pem";
    }
    if ($self->{peer}) {                        # refuses an option without a value
        delete @conf{ grep { defined $conf{$_} && $conf{$_} eq '' } keys %conf };
    }
    $self->{conf} = \%conf;
    _write("$dir/imapd.conf", join '', map { defined $conf{$_} ? "$_: $conf{$_}\n" : () } sort keys %conf);
    my %p = %{ $self->{port} };
    my %services = %{ $o->{services} || $self->default_services };
    my $section = sub { my ($n, @l) = @_; return "$n {\n" . join('', map { "  $_\n" } @l) . "}\n" };
    _write("$dir/cyrus.conf",
        $section->('START', @{ $o->{start} || ['recover cmd="' . $self->prog('ctl_cyrusdb') . " -C $dir/imapd.conf -r\""] })
      . $section->('SERVICES', map { "$_ $services{$_}" } sort keys %services)
      . $section->('EVENTS', @{ $o->{events} || [] })
      . $section->('DAEMON', @{ $o->{daemons} || [] },
            $o->{idled} ? 'idled cmd="' . $self->prog('idled') . " -C $dir/imapd.conf\"" : ()));
    $self->_users;
    if ($> == 0 && $self->{account} ne 'root') {
        my ($uid, $gid) = (getpwnam $self->{account})[2, 3];
        chmod 0755, $dir;
        system('chown', '-R', "$uid:$gid", $dir) == 0 or die "chown $dir failed";
    }
}

sub default_services {
    my ($self) = @_;
    my ($dir, %p) = ($self->{dir}, %{ $self->{port} });
    my $svc = sub {
        my ($prog, $args, $listen, $pre) = @_;
        return 'cmd="' . $self->prog($prog) . " -C $dir/imapd.conf$args\" listen=\"$listen\" prefork=" . ($pre // 1);
    };
    my %s = (
        imap => $svc->('imapd', '', "127.0.0.1:$p{imap}"),
        pop3 => $svc->('pop3d', '', "127.0.0.1:$p{pop3}"),
        lmtp => $svc->('lmtpd', ' -a', "127.0.0.1:$p{lmtp}"),
        lmtpunix => $svc->('lmtpd', '', "$dir/run/lmtp", 0),
    );
    if ($self->{opts}{tls}) {
        $s{imaps} = $svc->('imapd', ' -s', "127.0.0.1:$p{imaps}", 0);
        $s{pop3s} = $svc->('pop3d', ' -s', "127.0.0.1:$p{pop3s}", 0);
    }
    return \%s;
}

sub _users {
    my ($self) = @_;
    my $db = $self->{conf}{sasl_sasldb_path} or return;
    for my $user (sort keys %{ $self->{users} }) {
        open my $fh, '|-', 'saslpasswd2', '-p', '-c', '-f', $db, '-u', $self->{conf}{servername}, $user
            or die "saslpasswd2 (package sasl2-bin): $!";
        print {$fh} $self->{users}{$user};
        close $fh or die "saslpasswd2 failed for $user";
    }
}

sub _certificate {
    my ($self) = @_;
    my $c = "$self->{dir}/conf";
    return if -e "$c/cert.pem";
    my @cmd = ('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=localhost',
               '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', "$c/key.pem", '-out', "$c/cert.pem");
    open my $save, '>&', \*STDERR;
    open STDERR, '>', '/dev/null';
    my $rc = system @cmd;
    open STDERR, '>&', $save;
    die 'openssl req failed' if $rc;
}

# Start the supervisor and wait until it says that all services listen.
sub start {
    my ($self) = @_;
    return $self->_start_peer if $self->{peer};
    my $dir = $self->{dir};
    my $notify = "$dir/run/notify";
    unlink $notify;
    my $sock = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $notify) or die "$notify: $!";
    chmod 0777, $notify;
    my $pid = fork();
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        $ENV{NOTIFY_SOCKET} = $notify;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$dir/master.out";
        open STDERR, '>&', \*STDOUT;
        POSIX::setsid();
        exec program('master'), '-C', "$dir/imapd.conf", '-M', "$dir/cyrus.conf", '-p', "$dir/run/master.pid", '-D'
            or POSIX::_exit(127);
    }
    $self->{master} = $pid;
    my $sel = IO::Select->new($sock);
    my $deadline = time + 60;
    while (time < $deadline) {
        if ($sel->can_read(0.25)) {
            my $msg = '';
            $sock->recv($msg, 4096);
            last if $msg =~ /READY=1/;
        }
        if (waitpid($pid, POSIX::WNOHANG()) == $pid) {
            $self->{master} = undef;
            die "master ended at start ($?):\n" . $self->output;
        }
    }
    die 'master was not ready within 60 s: ' . $self->output if time >= $deadline;
    return $self;
}

# The peer does not say when it is ready: it is when every TCP service answers a connection.
sub _start_peer {
    my ($self) = @_;
    my $dir = $self->{dir};
    my $pid = fork();
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$dir/master.out";
        open STDERR, '>&', \*STDOUT;
        POSIX::setsid();
        $self->drop_privileges;
        $self->{peer}->environment;
        exec $self->prog('master'), '-C', "$dir/imapd.conf", '-M', "$dir/cyrus.conf", '-p', "$dir/run/master.pid", '-D'
            or POSIX::_exit(127);
    }
    $self->{master} = $pid;
    open my $fh, '<', "$dir/cyrus.conf" or die "$dir/cyrus.conf: $!";
    my @ports = map { /listen="127\.0\.0\.1:(\d+)"/ ? $1 : () } <$fh>;
    my $deadline = time + 60;
    while (@ports) {
        my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $ports[0], Proto => 'tcp');
        if ($s) { shift @ports; next }
        die "peer ended at start ($?): " . $self->output if waitpid($pid, POSIX::WNOHANG()) == $pid;
        die "peer was not ready within 60 s (port $ports[0]): " . $self->output if time >= $deadline;
        select undef, undef, undef, 0.05;
    }
    return $self;
}

# In a child process: become the service account for good.
sub drop_privileges {
    my ($self) = @_;
    return if $> != 0 || $self->{account} eq 'root';
    my ($uid, $gid) = (getpwnam $self->{account})[2, 3];
    $) = "$gid $gid";
    $( = $gid;
    ($<, $>) = ($uid, $uid);
}

sub output {
    my ($self) = @_;
    return _slurp("$self->{dir}/master.out");
}

# Reports of the sanitizers in what the processes printed; wire tests end with is($i->faults, '').
sub faults {
    my ($self) = @_;
    return join "\n", grep { /Sanitizer|runtime error|BUG:/ } split /\n/, $self->output;
}

sub stop {
    my ($self, $signal) = @_;
    my $pid = delete $self->{master} or return;
    kill $signal || 'TERM', $pid;
    waitpid $pid, 0;
    my $status = $?;
    kill 'KILL', -$pid;                         # whatever of its group is left
    return $status;
}

# Everything at once, as a power cut would end it (but for the page cache).
sub kill_all {
    my ($self) = @_;
    my $pid = delete $self->{master} or return;
    my %killed = map { $_ => 1 } $self->processes;
    kill 'KILL', -$pid, $pid;
    waitpid $pid, 0;
    while (my @rest = $self->processes) {       # of another process group, or born meanwhile
        kill 'KILL', @rest;
        $killed{$_} = 1 for @rest;
    }
    # those that were not our own children are gone when init has reaped them
    my $deadline = time + 3;
    select undef, undef, undef, 0.01 while time < $deadline && grep { -e "/proc/$_" } keys %killed;
}

# Processes of this instance: whoever has its imapd.conf among the arguments and has not ended.
sub processes {
    my ($self) = @_;
    my @pids;
    for my $path (glob '/proc/[0-9]*') {
        my ($pid) = $path =~ /(\d+)/;
        push @pids, $pid if $self->_is_ours($pid);
    }
    return @pids;
}

# Workers that were forked from a template show only a title: then master is their parent.
sub _is_ours {
    my ($self, $pid) = @_;
    my ($parent) = _slurp("/proc/$pid/stat") =~ /.*\) \S (\d+)/s;
    return 1 if $self->{master} && defined $parent && $parent == $self->{master};
    return index(_slurp("/proc/$pid/cmdline"), "$self->{dir}/imapd.conf") >= 0;
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;             # a forked client of a test is not the one to stop it
    local ($?, $@, $!);
    $self->stop;
    remove_tree($self->{dir}) unless $self->{keep} || $ENV{HALCYON_KEEP};
}

# Run one of our tools as the service account: returns (exit status, stdout, stderr).
sub run {
    my ($self, $prog, @args) = @_;
    my %o = ref $args[-1] eq 'HASH' ? %{ pop @args } : ();
    my @cmd = ($self->prog($prog), '-C', "$self->{dir}/imapd.conf", @args);
    my ($out, $err) = ("$self->{dir}/run/out.$$", "$self->{dir}/run/err.$$");
    my $pid = fork();
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        open STDOUT, '>', $out;
        open STDERR, '>', $err;
        open STDIN, '<', $o{stdin} || '/dev/null';
        $self->drop_privileges;
        $self->{peer}->environment if $self->{peer};
        exec @cmd or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    my $status = $?;
    my @text = map { _slurp($_) } $out, $err;
    unlink $out, $err;
    return ($status & 127 ? 256 + ($status & 127) : $status >> 8, @text);
}

sub _slurp {
    my ($path) = @_;
    open my $fh, '<', $path or return '';
    local $/;
    return scalar(<$fh>) // '';
}

# ---- clients
sub imap {
    my ($self, %o) = @_;
    my $c = Halcyon::Client->imap(port => $o{port} || $self->{port}{imap}, tls => $o{tls});
    $c->login($o{user}, $self->{users}{ $o{user} } // 'secret') if $o{user};
    return $c;
}

sub pop3 { my ($self, %o) = @_; return Halcyon::Client->pop3(port => $o{port} || $self->{port}{pop3}) }

sub lmtp {
    my ($self, %o) = @_;
    return Halcyon::Client->lmtp($o{unix} ? (unix => "$self->{dir}/run/lmtp") : (port => $o{port} || $self->{port}{lmtp}));
}

# Administrator makes users with their INBOX.
sub create_users {
    my ($self, @users) = @_;
    my $sep = ($self->{conf}{unixhierarchysep} || 'no') =~ /^(no|off|0|f)/ ? '.' : '/';
    my $c = $self->imap(user => 'cyrus');
    for my $u (@users) {
        my $r = $c->cmd("CREATE \"user$sep$u\"");
        die "CREATE user$sep$u: $r->{text}" unless $r->{status} eq 'OK';
    }
    $c->logout;
}

# Deliver messages (bytes) to one recipient over LMTP; each must be accepted.
sub fill {
    my ($self, $rcpt, @messages) = @_;
    my $c = $self->lmtp;
    $c->lmtp_cmd('LHLO client.example.org');
    for my $m (@messages) {
        my ($r) = $c->deliver('sender@example.org', [$rcpt], $m);
        die "delivery to $rcpt: $r\n" unless $r =~ /^250/;
    }
    $c->lmtp_cmd('QUIT');
    $c->close;
}

1;
