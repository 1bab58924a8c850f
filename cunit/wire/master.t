#!/usr/bin/perl
# master.t - the supervisor as a whole: a real master, real children, real signals
#
# covers: ST-06 ST-19 ST-20 ST-21 ST-22 ST-23 ST-25
#
# Every instance has a directory, ports and sockets of its own.  Services are the program
# cunit/wire/testservice, which speaks the contract with master by code of its own and leaves a
# record of how it was started.  Core modules only.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX qw(:sys_wait_h SIGTERM SIGHUP SIGINT SIGQUIT SIGKILL);
use Socket qw(SOCK_DGRAM SOCK_STREAM);
use Test::More;
use Time::HiRes qw(time sleep);

my $build = abs_path($ENV{HALCYON_BUILDDIR} || '.');
my $program = "$build/master/master";
my $top = tempdir('halcyon-master-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $service = "$top/testservice";
my ($test_pid, $serial, %running) = ($$, 0);

-x $program or BAIL_OUT("$program is not built");
copy("$build/cunit/wire/testservice", $service) or BAIL_OUT("testservice is not built");
chmod 0755, $service, $top;
$ENV{CYRUS_USER} = $> == 0 ? 'nobody' : (getpwuid($>))[0];
my $service_uid = (getpwnam $ENV{CYRUS_USER})[2];
delete @ENV{qw(NOTIFY_SOCKET LISTEN_FDS LISTEN_PID CYRUS_VERBOSE CYRUS_PREFIX CYRUS_GROUP)};

END {
    if ($$ == $test_pid) { kill KILL => keys %running if %running }
}

# ---- small things ----

# No such process, or one that only waits for whoever inherited it.
sub is_gone {
    my ($pid) = @_;
    return !kill(0, $pid) || slurp("/proc/$pid/stat") =~ /\) Z /;
}

# Until the condition holds, for some seconds at most.
sub eventually {
    my ($seconds, $condition) = @_;
    my $end = time + $seconds;
    while (time < $end) {
        my $value = $condition->();
        return $value if $value;
        sleep 0.02;
    }
    return $condition->();
}

sub free_port {
    my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'tcp', Listen => 1) or die $!;
    return $s->sockport;
}

sub slurp {
    my ($path) = @_;
    open my $fh, '<', $path or return '';
    local $/;
    return scalar <$fh>;
}

sub spew {
    my ($path, $text) = @_;
    open my $fh, '>', $path or die "$path: $!";
    print $fh $text;
    close $fh;
}

# ---- instances ----

# A directory with configuration; $conf may contain DIR and SERVICE.
sub instance {
    my ($conf, %option) = @_;
    my $dir = "$top/" . ++$serial;
    mkdir $dir;
    mkdir "$dir/$_" for qw(conf conf/proc conf/socket conf/cores records spool);
    chmod 0777, map { "$dir/$_" } qw(conf conf/proc conf/socket conf/cores records spool);
    chmod 0755, $dir;
    my $self = { dir => $dir, conf => "$dir/cyrus.conf" };
    spew("$dir/imapd.conf", "configdirectory: $dir/conf\npartition-default: $dir/spool\n"
        . ($option{imapd} || ''));
    configure($self, $conf);
    return $self;
}

sub configure {
    my ($self, $conf) = @_;
    $conf =~ s/\bDIR\b/$self->{dir}/g;
    $conf =~ s/\bSERVICE\b/$service $self->{dir}\/records/g;
    spew($self->{conf}, $conf);
}

sub command {
    my ($self, @more) = @_;
    return ($program, '-C', "$self->{dir}/imapd.conf", '-M', $self->{conf}, '-p',
        "$self->{dir}/pid", @more);
}

# Start in the foreground; stderr goes to a file.
sub launch {
    my ($self, %option) = @_;
    my $path = "$self->{dir}/notify";
    unlink $path;
    $self->{notify} = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path) or die "$path: $!";
    chmod 0777, $path;
    my $pid = fork();
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$self->{dir}/stdout";
        open STDERR, '>', "$self->{dir}/stderr";
        $ENV{NOTIFY_SOCKET} = $path;
        $ENV{TEST_KEPT} = 'yes';
        $ENV{$_} = $option{env}{$_} for keys %{ $option{env} || {} };
        $option{prepare}->() if $option{prepare};
        # what we have inherited ourselves is not the point
        POSIX::close($_) for ($option{prepare} ? 5 : 3) .. 63;
        exec command($self, @{ $option{args} || [] }) or POSIX::_exit(127);
    }
    $running{$pid} = 1;
    $self->{pid} = $pid;
    return $self;
}

# Next notification that fits, or ''.
sub notified {
    my ($self, $pattern, $seconds) = @_;
    my $end = time + ($seconds || 20);
    my $select = IO::Select->new($self->{notify});
    while ((my $left = $end - time) > 0) {
        next unless $select->can_read($left);
        $self->{notify}->recv(my $text, 4096);
        return $text if $text =~ $pattern;
    }
    return '';
}

sub started {
    my ($conf, %option) = @_;
    my $self = launch(instance($conf, %option), %option);
    notified($self, qr/READY=1/) or diag("not ready: " . slurp("$self->{dir}/stderr"));
    return $self;
}

# Exit status of a process within some seconds; undef: it still runs.
sub ended {
    my ($self, $seconds) = @_;
    my $status;
    eventually($seconds, sub {
        my $r = waitpid $self->{pid}, WNOHANG;
        $status = $? if $r == $self->{pid};
        return defined $status;
    });
    delete $running{ $self->{pid} } if defined $status;
    return undef unless defined $status;
    return $status & 127 ? "signal " . ($status & 127) : $status >> 8;
}

sub stopped {
    my ($self, $seconds) = @_;
    kill TERM => $self->{pid};
    return ended($self, $seconds || 10);
}

# Run to its end: (exit status, stderr).
sub refused {
    my ($conf, %option) = @_;
    my $self = launch(instance($conf, %option), %option);
    my $status = ended($self, 20);
    stopped($self) unless defined $status;
    return ($status, slurp("$self->{dir}/stderr"), $self);
}

# ---- what services have recorded ----

# Records of a service: pid => text.
sub records {
    my ($self, $name) = @_;
    my %found;
    for my $path (glob "$self->{dir}/records/$name.*") {
        my ($pid) = $path =~ /\.(\d+)$/ or next;
        $found{$pid} = slurp($path);
    }
    return \%found;
}

sub count { return scalar keys %{ records(@_) } }

sub alive { return grep { !is_gone($_) } keys %{ records(@_) } }

sub one_record {
    my ($self, $name) = @_;
    eventually(10, sub { count($self, $name) });
    return (values %{ records($self, $name) })[0] // '';
}

# ---- clients ----

sub client {
    my ($where) = @_;
    return $where =~ m{^/} ? IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $where)
                           : IO::Socket::INET->new(PeerAddr => "127.0.0.1:$where", Timeout => 5);
}

sub line {
    my ($socket, $seconds) = @_;
    my ($text, $end) = ('', time + ($seconds || 10));
    while ($text !~ /\n/ && time < $end) {
        last unless IO::Select->new($socket)->can_read($end - time);
        sysread($socket, $text, 500, length $text) or last;
    }
    $text =~ s/\r?\n.*//s;
    return $text;
}

# Connect and be greeted: (socket, pid of the process that serves).
sub greeted {
    my ($where) = @_;
    my $s = client($where) or return;
    my ($pid) = line($s) =~ /^hello (\d+)$/;
    return ($s, $pid);
}

# =========================================================================

# Stopping takes its time here; begun now, judged at the end.
my $stubborn = started("DAEMON {\n a cmd=\"SERVICE stubborn\"\n b cmd=\"SERVICE ready\" wait=y\n}\n");
my $stubborn_since = time;
one_record($stubborn, 'a');
kill TERM => $stubborn->{pid};

subtest 'command line' => sub {
    like(qx{$program -V}, qr/^cyrus-imapd \d+\.\d+\.\d+(?:-\S+)?\n\z/, '-V prints the version');
    is($?, 0, '-V ends well');
    my @rows = (
        [ '-x', 64, qr/usage: master/ ],
        [ '-d word', 64, qr/usage: master/ ],
        [ '-d -D', 78, qr/-d and -D exclude each other/ ],
        [ '-j 0', 78, qr/option -j is impossible/ ],
        [ '-l many', 78, qr/option -l is impossible/ ],
        [ '-C /no/such/file', 78, qr{/no/such/file} ],
    );
    for my $row (@rows) {
        my ($args, $status, $says) = @$row;
        my $text = qx{$program $args 2>&1};
        is($? >> 8, $status, "$args: status");
        like($text, $says, "$args: text");
        is(scalar(my @lines = split /\n/, $text), 1, "$args: one sentence");
    }
};

subtest 'bad cyrus.conf' => sub {
    my @rows = (
        [ "START {\n a_b cmd=x\n}\n", 2, 'bad character' ],
        [ "START {\n a\n}\n", 2, 'unable to find command' ],
        [ "START {\n\n a cmd=\"x\n}\n", 3, 'missing "' ],
        [ "SERVICES {\n a cmd=\"SERVICE serve\"\n}\n", 2, 'command or port' ],
        [ "SERVICES {\n a cmd=\"SERVICE serve\" listen=1\n a cmd=\"SERVICE serve\" listen=2\n}\n", 3,
            'multiple entries' ],
        [ "SERVICES {\n a cmd=\"/no/such/program\" listen=1\n}\n", 2, 'cannot find executable' ],
        [ "DAEMON {\n a cmd=\"no-such-program\"\n}\n", 2, 'cannot find executable' ],
    );
    for my $row (@rows) {
        my ($conf, $line, $says) = @$row;
        my ($status, $text, $self) = refused($conf);
        is($status, 78, "$says: status");
        like($text, qr/^master: \Q$self->{conf}\E, line $line: .*\Q$says\E.*; /,
            "$says: file, line and cure");
    }
    my ($status, $text) = refused("START {\n}\n", env => { CYRUS_USER => 'no-such-user-here' });
    SKIP: {
        skip 'only root changes its user', 2 if $> != 0;
        is($status, 78, 'unknown user: status');
        like($text, qr/user 'no-such-user-here' does not exist; create/, 'unknown user: text');
    }
};

subtest 'what a program gets' => sub {
    my $port = free_port();
    my $self = started(<<"EOF");
START {
    first   cmd="SERVICE start 3"
    second  cmd="SERVICE start"
}
SERVICES {
    tcp     cmd="SERVICE serve  with  blanks" listen="localhost:$port" prefork=1 maxfds=77
    sock    cmd="SERVICE serve" listen="DIR/conf/socket/s" prefork=1
}
EVENTS {
    event   cmd="SERVICE start" period=5
}
DAEMON {
    plain   cmd="SERVICE daemon"
    polite  cmd="SERVICE ready" wait=y
}
EOF
    my %text = map { $_ => one_record($self, $_) } qw(tcp sock plain polite);
    my @start = values %{ records($self, 'start') };
    eventually(5, sub { count($self, 'start') == 3 });
    is(count($self, 'start'), 3, 'START twice and EVENTS once');
    unlike($_, qr/^env CYRUS_(?!USER)/m, 'START and EVENTS: no variables') for @start;
    unlike($_, qr/^fd [34] /m, 'START and EVENTS: no descriptors') for @start;
    like($text{tcp}, qr/^arg 0 \Q$service\E\n.*\narg 3 with\narg 4 blanks\n/s, 'words of the command');
    like($text{tcp}, qr/^env CYRUS_SERVICE tcp\nenv CYRUS_ID 0$/m, 'service: variables');
    like($text{tcp}, qr/^env TEST_KEPT yes$/m, 'the environment is kept');
    unlike($text{tcp}, qr/NOTIFY_SOCKET|ISDAEMON/, 'but not what is meant for master');
    like($text{tcp}, qr/^fd 3 pipe:.*\nfd 4 socket:/m, 'service: status pipe and listener');
    like($text{tcp}, qr{^fd 0 /dev/null\nfd 1 /dev/null\nfd 2 /dev/null\nfd 3}m, 'service: 0-2');
    like($text{tcp}, qr/^env CYRUS_TEMPLATE_FD 5$/m, 'service: asked to be a template');
    like($text{tcp}, qr/^fd 5 socket:/m, 'service: with the socket for that');
    unlike($text{tcp}, qr/^fd (?:[6-9]|\d\d)/m, 'service: nothing else');
    unlike($text{$_}, qr/CYRUS_TEMPLATE_FD/, "$_: no template wanted") for qw(plain polite);
    like($text{tcp}, qr/^nofile 77$/m, 'maxfds');
    like($text{tcp}, qr/^uid $service_uid$/m, 'user');
    like($text{tcp}, qr/^blocked 0$/m, 'no blocked signals');
    like($text{plain}, qr/^env CYRUS_SERVICE plain\nenv CYRUS_ID 0\nenv CYRUS_ISDAEMON 1$/m,
        'daemon: variables');
    unlike($text{plain}, qr/^fd [34] /m, 'daemon: no descriptors');
    like($text{plain}, qr/^group shared$/m, 'daemon: our process group');
    like($text{polite}, qr/^fd 3 pipe:/m, 'wait=y: a pipe');
    unlike($text{polite}, qr/^fd 4 /m, 'wait=y: no listener');
    like($text{polite}, qr/^group own$/m, 'wait=y: a process group of its own');
    is((stat "$self->{dir}/conf/socket/s")[2] & 0777, 0777, 'mode of a UNIX socket');
    is(stopped($self), 0, 'ends well');
    ok(!grep({ kill 0, $_ } map { keys %{ records($self, $_) } } qw(tcp sock plain polite)),
        'nobody is left');
};

subtest 'one listener per address family' => sub {
    my $port = free_port();
    my $six = slurp('/proc/net/if_inet6') ne '';
    my $self = started("SERVICES {\n a cmd=\"SERVICE serve\" listen=$port prefork=1\n}\n");
    my $wanted = $six ? 2 : 1;
    ok(eventually(5, sub { count($self, 'a') == $wanted }), 'a process for each');
    my @ids = sort map { /\ba\.(\d)\.\d+$/ } glob "$self->{dir}/records/a.*";
    is("@ids", $six ? '0 1' : '0', 'CYRUS_ID counts them');
    is(stopped($self), 0, 'ends well');
};

subtest 'prefork and connections' => sub {
    my $port = free_port();
    my $self = started("SERVICES {\n a cmd=\"SERVICE serve\" listen=\"127.0.0.1:$port\" prefork=2\n}\n");
    ok(eventually(5, sub { count($self, 'a') == 2 }), 'two wait');
    my @c = map { [ greeted($port) ] } 1 .. 3;
    ok(eventually(5, sub { alive($self, 'a') == 5 }), 'three serve, two wait');
    sleep 0.3;
    is(count($self, 'a'), 5, 'and no more');
    close $_->[0] for @c;
    # one that has just been left may say so too late for the next connection, but not for six
    for (1 .. 6) {
        my ($s, $pid) = greeted($port);
        ok($pid, 'served again');
        close $s;
    }
    cmp_ok(count($self, 'a'), '<', 9, 'processes are used again');
    is(stopped($self), 0, 'ends well');
};

subtest 'on demand, maxchild' => sub {
    my $port = free_port();
    my $self = started("SERVICES {\n a cmd=\"SERVICE serve\" listen=\"127.0.0.1:$port\" maxchild=2\n}\n");
    sleep 0.2;
    is(count($self, 'a'), 0, 'nobody waits');
    my ($s1) = greeted($port);
    is(count($self, 'a'), 1, 'one process for one connection');
    my ($s2) = greeted($port);
    my $s3 = client($port);
    is(line($s3, 0.5), '', 'the third connection waits');
    is(count($self, 'a'), 2, 'with two processes');
    close $s1;
    like(line($s3), qr/^hello/, 'until one is free');
    is(stopped($self), 0, 'ends well');
};

subtest 'maxforkrate' => sub {
    my $port = free_port();
    my $self = started("SERVICES {\n a cmd=\"SERVICE serve\" listen=\"127.0.0.1:$port\" "
        . "prefork=100 maxforkrate=5\n}\n");
    my $begin = time;
    sleep 2;
    my ($n, $passed) = (count($self, 'a'), time - $begin);
    cmp_ok($n, '>=', 5 * 2, 'it goes on');
    cmp_ok($n, '<=', 8 + 5 * ($passed + 1), "but not faster ($n forks)");
    is(stopped($self), 0, 'ends well');
};

subtest 'crashes' => sub {
    my $port = free_port();
    my $self = started("SERVICES {\n a cmd=\"SERVICE serve\" listen=\"127.0.0.1:$port\" prefork=1\n}\n");
    for my $word (('crash', 'exit 3') x 5) {
        my ($s, $pid) = greeted($port);
        ok($pid, "served before $word") or last;
        syswrite $s, "$word\n";
        ok(eventually(5, sub { !kill 0, $pid }), "$word: reaped");
    }
    spew("$self->{dir}/conf/proc/$$", '');
    my ($s, $pid) = greeted($port);
    spew("$self->{dir}/conf/proc/$pid", "imap\thost\n");
    syswrite $s, "crash\n";
    ok(eventually(5, sub { !-e "$self->{dir}/conf/proc/$pid" }), 'its proc file is removed');
    ok(-e "$self->{dir}/conf/proc/$$", 'others stay');
    is(stopped($self), 0, 'ends well');
};

subtest 'failures disable a service until SIGHUP' => sub {
    for my $mode ('status 1', 'abort') {
        my ($port, $other) = (free_port(), free_port());
        my $self = started("SERVICES {\n a cmd=\"SERVICE $mode\" listen=\"127.0.0.1:$port\"\n"
            . " b cmd=\"SERVICE serve\" listen=\"127.0.0.1:$other\"\n"
            . " u cmd=\"SERVICE $mode\" listen=\"DIR/conf/socket/u\" prefork=1\n}\n");
        my $s = client($port);
        ok(eventually(10, sub { count($self, 'a') == 5 && !client($port) }),
            "$mode: five failures, then refused");
        ok((greeted($other))[1], "$mode: the other service works");
        ok(eventually(10, sub { count($self, 'u') == 5 && !client("$self->{dir}/conf/socket/u") }),
            "$mode: UNIX socket, too");
        sleep 0.3;
        is(count($self, 'a'), 5, "$mode: no further tries");
        kill HUP => $self->{pid};
        ok(notified($self, qr/READY=1/), "$mode: read again");
        ok(eventually(5, sub { count($self, 'u') > 5 }), "$mode: prefork tries again");
        $s = client($port);
        ok($s, "$mode: connections are taken again");
        ok(eventually(10, sub { count($self, 'a') == 10 }), "$mode: five more tries");
        is(stopped($self), 0, "$mode: ends well");
    }
};

subtest 'babysit' => sub {
    my $port = free_port();
    my $self = started("SERVICES {\n a cmd=\"SERVICE status 1\" listen=\"127.0.0.1:$port\" babysit=y\n}\n");
    ok(eventually(20, sub { count($self, 'a') >= 8 }), 'is never given up');
    cmp_ok(count($self, 'a'), '<', 20, 'but not tried in a rush');
    is(stopped($self), 0, 'ends well');
};

subtest 'ending well without work is no fork storm' => sub {
    for my $status (0, 75) {
        my $port = free_port();
        my $self = started("SERVICES {\n a cmd=\"SERVICE status $status\" listen=\"127.0.0.1:$port\"\n}\n");
        my $s = client($port);
        sleep 2;
        my $n = count($self, 'a');
        cmp_ok($n, '>=', 3, "status $status: tried again");
        cmp_ok($n, '<=', 12, "status $status: but slowly ($n)");
        is(stopped($self), 0, "status $status: ends well");
    }
};

subtest 'rubbish on the status pipe' => sub {
    my ($port, $flood) = (free_port(), free_port());
    my $self = started("SERVICES {\n a cmd=\"SERVICE noise\" listen=\"127.0.0.1:$port\" prefork=1\n"
        . " f cmd=\"SERVICE flood\" listen=\"127.0.0.1:$flood\" prefork=2\n}\n");
    for (1 .. 3) {
        my ($s, $pid) = greeted($port);
        ok($pid, 'served all the same');
        ok(eventually(5, sub { alive($self, 'a') >= 2 }), 'and replaced when it serves') if $_ == 1;
    }
    my @ticks = (split ' ', slurp("/proc/$self->{pid}/stat"))[13, 14];
    sleep 1;
    my @later = (split ' ', slurp("/proc/$self->{pid}/stat"))[13, 14];
    cmp_ok($later[0] + $later[1] - $ticks[0] - $ticks[1], '<', 50, 'master stays calm');
    is(stopped($self), 0, 'ends well');
};

subtest 'SIGHUP' => sub {
    my ($kept, $gone, $new) = map { free_port() } 1 .. 3;
    my $self = started("SERVICES {\n a cmd=\"SERVICE serve\" listen=\"127.0.0.1:$kept\" prefork=1\n"
        . " b cmd=\"SERVICE serve\" listen=\"127.0.0.1:$gone\" prefork=1\n}\n"
        . "DAEMON {\n d cmd=\"SERVICE daemon\"\n}\nEVENTS {\n once cmd=\"SERVICE start\"\n}\n");
    my ($busy, $busy_pid) = greeted($kept);
    my ($leaving) = greeted($gone);
    one_record($self, 'd');
    my ($daemon) = alive($self, 'd');
    configure($self, "SERVICES {\n a cmd=\"SERVICE serve again\" listen=\"127.0.0.1:$kept\" prefork=3\n"
        . " c cmd=\"SERVICE serve\" listen=\"127.0.0.1:$new\"\n}\nEVENTS {\n once cmd=\"SERVICE start\"\n}\n"
        . "DAEMON {\n d cmd=\"SERVICE daemon\"\n}\n");
    kill HUP => $self->{pid};
    ok(notified($self, qr/RELOADING=1/), 'the manager hears of it');
    ok(notified($self, qr/READY=1/), 'and of its end');
    ok((greeted($new))[1], 'a new service works');
    ok(!client($gone), 'a removed one is gone');
    syswrite $leaving, "still here\n";
    is(line($leaving), 'you said still here', 'but its connections stay');
    ok(eventually(5, sub { grep({ /^arg 3 again/m } values %{ records($self, 'a') }) >= 3 }),
        'new command and prefork');
    ok(kill(0, $busy_pid), 'who serves goes on');
    syswrite $busy, "me too\n";
    is(line($busy), 'you said me too', 'and answers');
    close $busy;
    ok(eventually(5, sub { !kill 0, $busy_pid }), 'and ends afterwards');
    ok(eventually(5, sub { my @d = alive($self, 'd'); @d == 1 && $d[0] != $daemon }),
        'daemons are started anew');
    is(count($self, 'start'), 1, 'what runs once has run');

    configure($self, "SERVICES {\n a cm\"\n}\n");
    kill HUP => $self->{pid};
    ok(notified($self, qr/READY=1/), 'a file with an error is read');
    ok((greeted($kept))[1] && (greeted($new))[1], 'and changes nothing');
    is(stopped($self), 0, 'ends well');
};

subtest 'stopping lets commands end' => sub {
    for my $signal (qw(TERM INT QUIT)) {
        my $port = free_port();
        my $self = started("SERVICES {\n a cmd=\"SERVICE serve\" listen=\"127.0.0.1:$port\" prefork=2\n}\n"
            . "DAEMON {\n d cmd=\"SERVICE ready\" wait=y\n}\n");
        my ($s, $pid) = greeted($port);
        syswrite $s, "slow 1\n";
        sleep 0.1;
        kill $signal => $self->{pid};
        ok(notified($self, qr/STOPPING=1/), "$signal: the manager hears of it");
        is(line($s), 'done', "$signal: the command ends");
        is(ended($self, 10), 0, "$signal: ends well");
        ok(!client($port), "$signal: nobody listens");
    }
};

subtest 'stopping while START runs' => sub {
    my $self = launch(instance("START {\n a cmd=\"SERVICE start 200\"\n}\n"));
    one_record($self, 'start');
    is(stopped($self), 0, 'ends well and soon');
    is(scalar(alive($self, 'start')), 0, 'the program has ended too');
};

subtest 'START' => sub {
    my ($status, $text) = refused("START {\n a cmd=\"SERVICE status 1\"\n b cmd=\"SERVICE start\"\n}\n");
    is($status, 1, 'a failure ends master');
    like($text, qr/line 2: can't run startup: 'a' failed; /, 'with a sentence');
    ($status, $text) = refused("START {\n a cmd=\"/no/such/program\"\n}\n");
    is($status, 1, 'so does a program that is not there');
    like($text, qr/line 2: can't run startup/, 'with a sentence');
    my $self = started("START {\n a cmd=\"SERVICE status 75\"\n b cmd=\"SERVICE start\"\n}\n");
    is(count($self, 'start'), 1, 'a temporary failure does not');
    is(stopped($self), 0, 'ends well');
};

subtest 'DAEMON wait=y' => sub {
    for my $mode ('unready', 'status 0') {
        my ($status, $text, $self) = refused("DAEMON {\n a cmd=\"SERVICE ready\" wait=y\n"
            . " b cmd=\"SERVICE $mode\" wait=y\n}\n");
        is($status, 78, "$mode: ends master");
        like($text, qr/line 3: daemon 'b' did not write "ok\\r\\n" to descriptor 3; /,
            "$mode: with a sentence");
        is(scalar(alive($self, 'a')), 0, "$mode: the other daemon has ended too");
    }
    my $self = started("DAEMON {\n a cmd=\"SERVICE ready\" wait=y\n}\n");
    my ($pid) = alive($self, 'a');
    kill KILL => $pid;
    ok(eventually(5, sub { count($self, 'a') == 2 }), 'is started again');
    ok(kill(0, $self->{pid}), 'without waiting for it');
    is(stopped($self), 0, 'ends well');
};

subtest 'port in use' => sub {
    my $taken = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'tcp', Listen => 1);
    my ($port, $free) = ($taken->sockport, free_port());
    my $both = "SERVICES {\n a cmd=\"SERVICE serve\" listen=\"127.0.0.1:$port\"\n"
        . " b cmd=\"SERVICE serve\" listen=\"127.0.0.1:$free\"\n}\n";
    my $self = started($both);
    like(slurp("$self->{dir}/stderr"),
        qr/line 2: cannot open the listener of service 'a' on 127.0.0.1:$port: Address already in use; /,
        'is reported');
    ok((greeted($free))[1], 'the others work');
    close $taken;
    kill HUP => $self->{pid};
    notified($self, qr/READY=1/);
    ok((greeted($port))[1], 'SIGHUP tries again');
    is(stopped($self), 0, 'ends well');

    $taken = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$port", Proto => 'tcp', Listen => 1,
        ReuseAddr => 1);
    my ($status, $text) = refused($both, imapd => "master_bind_errors_fatal: yes\n");
    is($status, 71, 'master_bind_errors_fatal');
    ($status, $text) = refused("SERVICES {\n a cmd=\"SERVICE serve\" listen=\"127.0.0.1:$port\"\n}\n");
    is($status, 71, 'nothing could be opened');
    like($text, qr/none of the services/, 'and that is said');
};

subtest 'master is killed' => sub {
    my $port = free_port();
    my $self = started("SERVICES {\n a cmd=\"SERVICE serve\" listen=\"127.0.0.1:$port\" prefork=2\n}\n"
        . "DAEMON {\n d cmd=\"SERVICE daemon\"\n w cmd=\"SERVICE ready\" wait=y\n}\n");
    my ($s) = greeted($port);
    eventually(5, sub { count($self, 'a') == 3 && count($self, 'd') });
    syswrite $s, "slow 1\n";
    sleep 0.1;
    kill KILL => $self->{pid};
    is(ended($self, 5), 'signal 9', 'dead');
    launch($self);
    is(line($s), 'done', 'the command in flight ends');
    ok(notified($self, qr/READY=1/), 'a new master starts at once');
    ok((greeted($port))[1], 'on the same address');
    is(scalar(alive($self, 'd')), 1, 'one daemon runs');
    is(scalar(alive($self, 'w')), 1, 'and one with wait=y');
    is(stopped($self), 0, 'ends well');
};

subtest 'datagrams' => sub {
    my $port = free_port();
    my $self = started("SERVICES {\n a cmd=\"SERVICE datagram\" listen=\"127.0.0.1:$port\" proto=udp\n"
        . " n cmd=\"SERVICE datagram\" listen=\"DIR/conf/socket/n\" proto=udp prefork=3\n}\n");
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Proto => 'udp');
    $s->send('ping');
    ok(IO::Select->new($s)->can_read(10), 'answered');
    $s->recv(my $text, 100);
    is($text, 'ping', 'with its text');
    is(count($self, 'a'), 1, 'by one process');
    is(count($self, 'n'), 1, 'prefork is at most 1');
    is(stopped($self), 0, 'ends well');
};

subtest 'files' => sub {
    my $self = instance("START {\n}\n");
    spew("$self->{dir}/imapd.conf", slurp("$self->{dir}/imapd.conf")
        . "master_ready_file: $self->{dir}/conf/ready\nmaster_pid_file: $self->{dir}/pid2\n");
    spew("$self->{dir}/conf/proc/$_", "imap\thost\n") for 1234, 99999999, 'keep';
    launch($self);
    ok(notified($self, qr/READY=1/), 'started');
    ok(eventually(5, sub { -e "$self->{dir}/conf/ready" }), 'the ready file is there');
    is(slurp("$self->{dir}/pid"), "$self->{pid}\n", 'pid file of -p');
    ok(!-e "$self->{dir}/pid2", '-p comes before master_pid_file');
    my @left = map { m{([^/]+)$} } glob "$self->{dir}/conf/proc/*";
    is("@left", 'keep', 'proc files of an earlier life are gone');
    is(stopped($self), 0, 'ends well');
    ok(!-e "$self->{dir}/conf/ready", 'the ready file is gone');
    ok(-e "$self->{dir}/pid", 'the pid file stays');
};

subtest 'background' => sub {
    my $port = free_port();
    my $self = instance("START {\n a cmd=\"SERVICE start 5\"\n}\n"
        . "SERVICES {\n a cmd=\"SERVICE serve\" listen=\"127.0.0.1:$port\"\n}\n");
    my @command = command($self, '-d', '-L', "$self->{dir}/conf/log");
    is(system(@command), 0, 'the parent ends well');
    my $pid = slurp("$self->{dir}/pid");
    like($pid, qr/^\d+\n\z/, 'the pid file is there');
    chomp $pid;
    $running{$pid} = 1;
    ok(kill(0, $pid), 'and names a process');
    ok(!-e "$self->{dir}/pid.lock", 'the other lock is gone');
    is(readlink("/proc/$pid/cwd"), "$self->{dir}/conf/cores", 'working directory');
    is(readlink("/proc/$pid/fd/2"), "$self->{dir}/conf/log", '-L');
    my $second = "@command";
    my $text = qx{$second 2>&1};
    is($? >> 8, 71, 'a second one is refused');
    like(slurp("$self->{dir}/conf/log"), qr/another master holds \Q$self->{dir}\E\/pid; /, 'with a sentence');
    ok(eventually(10, sub { client($port) }), 'it listens after START');
    ok((greeted($port))[1], 'and works');
    kill TERM => $pid;
    ok(eventually(10, sub { is_gone($pid) }), 'ends');
    delete $running{$pid};

    open my $lock, '+>', "$self->{dir}/pid.lock" or die $!;
    my $flock = pack 's s l! l! i x50', POSIX::F_WRLCK(), 0, 0, 0, 0;
    SKIP: {
        skip 'no record locks here', 1 unless eval { fcntl($lock, POSIX::F_SETLK(), $flock) };
        system("@command 2>/dev/null");
        is($? >> 8, 75, 'another one is just starting');
    }
};

subtest 'sockets handed over' => sub {
    my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'tcp', Listen => 5);
    my $t = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'tcp', Listen => 5);
    my ($named, $by_address, $other) = ($s->sockport, $t->sockport, free_port());
    my $hand_over = sub {
        my ($one, $two) = map { POSIX::dup(fileno $_) } $s, $t;
        $_ = POSIX::dup2($_, 40 + $_) for $one, $two;   # out of the way first
        POSIX::dup2($one, 3);
        POSIX::dup2($two, 4);
        $ENV{LISTEN_PID} = $$;
        $ENV{LISTEN_FDS} = 2;
        $ENV{LISTEN_FDNAMES} = 'a:unknown';
    };
    local $^F = 100;                    # they must survive exec
    my $self = started("SERVICES {\n a cmd=\"SERVICE serve\" listen=\"127.0.0.1:$other\" prefork=1\n"
        . " b cmd=\"SERVICE serve\" listen=\"127.0.0.1:$by_address\" prefork=1\n}\n", prepare => $hand_over);
    close $_ for $s, $t;
    ok((greeted($named))[1], 'by name');
    ok((greeted($by_address))[1], 'by address');
    ok(!client($other), 'its own address is not opened then');
    unlike(one_record($self, 'a'), qr/^env LISTEN_FDS/m, 'services do not see the variables');
    is(stopped($self), 0, 'ends well');
};

subtest 'watchdog' => sub {
    my $self = started("START {\n}\n", env => { WATCHDOG_USEC => 200000 });
    ok(notified($self, qr/WATCHDOG=1/, 5), 'still alive') for 1 .. 2;
    is(stopped($self), 0, 'ends well');
};

subtest 'who does not end is killed' => sub {
    is(ended($stubborn, 25), 0, 'master ends well');
    cmp_ok(time - $stubborn_since, '<', 60, 'in time');
    is(scalar(alive($stubborn, $_)), 0, "$_ is gone") for qw(a b);
};

done_testing();
