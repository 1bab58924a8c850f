#!/usr/bin/perl
# idled.t - datagrams to and from idled, byte for byte (formats/internal-protocols.md section 3)
#
# The test plays the processes that change mailboxes and those that wait.  Core modules only.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::UNIX;
use POSIX qw(:sys_wait_h);
use Socket qw(SOCK_DGRAM pack_sockaddr_un);
use Test::More;
use Time::HiRes qw(time sleep);

my $build = abs_path($ENV{HALCYON_BUILDDIR} || '.');
my $program = "$build/imap/small/idled";
my $top = tempdir('halcyon-idled-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my ($test_pid, $serial, %running) = ($$, 0);

-x $program or BAIL_OUT("$program is not built");
chmod 0755, $top;
$ENV{CYRUS_USER} = $> == 0 ? 'nobody' : (getpwuid($>))[0];
delete @ENV{qw(CYRUS_ISDAEMON CYRUS_GROUP NOTIFY_SOCKET)};

END {
    if ($$ == $test_pid) { kill KILL => keys %running if %running }
}

use constant { WAIT => 0, DONE => 1, NOTIFY => 2, NOOP => 3, ALERT => 4 };

sub datagram {
    my ($which, $name) = @_;
    return pack('L! Z*', $which, $name);
}

sub instance {
    my ($more) = @_;
    my $dir = "$top/" . ++$serial;
    mkdir $_ for $dir, "$dir/conf", "$dir/conf/socket", "$dir/spool";
    chmod 0777, "$dir/conf", "$dir/conf/socket", "$dir/spool";
    open my $fh, '>', "$dir/imapd.conf" or die $!;
    print $fh "configdirectory: $dir/conf\npartition-default: $dir/spool\n", $more || '';
    close $fh;
    return { dir => $dir, socket => "$dir/conf/socket/idle" };
}

# Start in the foreground and wait until it answers.
sub started {
    my ($more, @args) = @_;
    my $self = instance($more);
    my $pid = fork();
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        exec $program, '-C', "$self->{dir}/imapd.conf", @args or POSIX::_exit(127);
    }
    $running{ $self->{pid} = $pid } = 1;
    my $end = time + 10;
    sleep 0.02 until is_open($self) || time > $end;
    return $self;
}

sub is_open { return -S $_[0]{socket} && ((stat _)[2] & 0777) == 0777 }

sub ended {
    my ($self, $seconds) = @_;
    my $end = time + $seconds;
    while (time < $end) {
        if (waitpid($self->{pid}, WNOHANG) == $self->{pid}) {
            delete $running{ $self->{pid} };
            return $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
        }
        sleep 0.02;
    }
    return undef;
}

# A waiting process: a socket bound to idle.<number>.
sub waiter {
    my ($self, $number) = @_;
    my $path = "$self->{dir}/conf/socket/idle.$number";
    my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path) or die "$path: $!";
    chmod 0777, $path;
    return $s;
}

sub inform {
    my ($self, $from, $which, $name) = @_;
    $from ||= IO::Socket::UNIX->new(Type => SOCK_DGRAM);
    return send $from, ref $which ? $$which : datagram($which, $name), 0,
        pack_sockaddr_un($self->{socket});
}

# What a waiting process gets, or ''.
sub got {
    my ($s, $seconds) = @_;
    return '' unless IO::Select->new($s)->can_read($seconds // 5);
    recv $s, my $text, 4096, 0;
    return $text;
}

# Everything sent before has been looked at: a change of a mailbox of our own comes back.
sub settled {
    my ($self) = @_;
    my $s = $self->{own} ||= waiter($self, 1);
    inform($self, $s, WAIT, 'the.test');
    inform($self, undef, NOTIFY, 'the.test');
    return got($s) eq datagram(NOTIFY, 'the.test');
}

subtest 'bytes' => sub {
    is(length datagram(NOTIFY, 'user.alice'), length(pack 'L!', 0) + 11, 'size of a datagram');
};

subtest 'changes are passed on' => sub {
    my $self = started('', '-d');
    is((stat $self->{socket})[2] & 0777, 0777, 'mode of the socket');
    my ($a, $b, $c) = map { waiter($self, $_) } 100 .. 102;
    inform($self, $a, WAIT, 'user.alice');
    inform($self, $b, WAIT, 'user.alice');
    inform($self, $c, WAIT, 'user.bob');
    inform($self, undef, NOTIFY, 'user.alice');
    is(got($a), datagram(NOTIFY, 'user.alice'), 'to one who waits');
    is(got($b), datagram(NOTIFY, 'user.alice'), 'and to another');
    ok(settled($self), 'all is done');
    is(got($c, 0), '', 'but not to who waits for something else');
    is(got($a, 0), '', 'once');

    inform($self, $a, DONE, 'user.alice');
    inform($self, undef, NOTIFY, 'user.alice');
    is(got($b), datagram(NOTIFY, 'user.alice'), 'who still waits');
    ok(settled($self), 'all is done');
    is(got($a, 0), '', 'not who has ended');

    inform($self, $b, NOTIFY, 'user.bob');
    is(got($c), datagram(NOTIFY, 'user.bob'), 'from a process that waits itself');
    kill TERM => $self->{pid};
    is(got($b), datagram(ALERT, '.'), 'at its end all are alerted');
    is(got($c), datagram(ALERT, '.'), 'all');
    is(got($a, 0.2), '', 'that still wait');
    is(ended($self, 5), 0, 'and it ends');
    ok(!-e $self->{socket}, 'and leaves no socket');
};

subtest 'rubbish' => sub {
    my $self = started('', '-d');
    my $a = waiter($self, 100);
    inform($self, $a, WAIT, 'user.alice');
    for my $text ('', 'x', 'x' x 7, pack('L!', NOTIFY), pack('L!', NOTIFY) . 'no end',
        datagram(NOTIFY, ''), datagram(99, 'user.alice'), datagram(NOTIFY, 'x' x 5000),
        datagram(NOOP, 'user.alice')) {
        inform($self, undef, \$text);
        inform($self, $a, \$text);
    }
    ok(settled($self), 'it lives');
    is(got($a, 0), '', 'and passes nothing on');
    inform($self, undef, NOTIFY, 'user.alice');
    is(got($a), datagram(NOTIFY, 'user.alice'), 'and still works');
    kill TERM => $self->{pid};
    is(ended($self, 5), 0, 'ends well');
};

subtest 'who has gone is forgotten' => sub {
    my $self = started('', '-d');
    my ($a, $b) = map { waiter($self, $_) } 100, 101;
    inform($self, $_, WAIT, 'user.alice') for $a, $b;
    ok(settled($self), 'both wait');
    close $a;
    ok(-e "$self->{dir}/conf/socket/idle.100", 'one has died');
    inform($self, undef, NOTIFY, 'user.alice');
    is(got($b), datagram(NOTIFY, 'user.alice'), 'the other hears');
    ok(settled($self), 'all is done');
    ok(!-e "$self->{dir}/conf/socket/idle.100", 'what the dead one left is removed');

    # one who does not read holds nobody up
    inform($self, undef, NOTIFY, 'user.alice') for 1 .. 2000;
    ok(settled($self), 'still answers');
    kill TERM => $self->{pid};
    is(ended($self, 5), 0, 'ends well');
};

subtest 'signals and a second one' => sub {
    my $self = started('', '-d');
    kill HUP => $self->{pid};
    ok(settled($self), 'HUP does nothing');
    my $text = qx{$program -C $self->{dir}/imapd.conf -d 2>&1};
    is($? >> 8, 75, 'a second one is refused');
    like($text, qr/^idled: another idled answers on idlesocket; stop it first$/, 'with a sentence');
    ok(settled($self), 'the first one lives');
    kill INT => $self->{pid};
    is(ended($self, 5), 0, 'INT ends it');
};

subtest 'background' => sub {
    my $self = instance("idlesocket: $top/elsewhere\n");
    chmod 0777, $top;
    $self->{socket} = "$top/elsewhere";
    is(system($program, '-C', "$self->{dir}/imapd.conf"), 0, 'returns');
    ok(is_open($self), 'when the socket is there, at idlesocket');
    ok(settled($self), 'it works');
    my ($pid) = grep { (readlink("/proc/$_/exe") // '') eq $program
            && do { local (@ARGV, $/) = "/proc/$_/cmdline"; <> =~ m{\Q$self->{dir}\E/imapd\.conf} } }
        map { m{(\d+)$} } glob '/proc/[0-9]*';
    ok($pid, 'and has a process') or return;
    $running{$pid} = 1;
    kill TERM => $pid;
    my $end = time + 5;
    sleep 0.02 while -e $self->{socket} && time < $end;
    ok(!-e $self->{socket}, 'which ends');
    delete $running{$pid};
};

subtest 'errors' => sub {
    my $self = instance("imapidlepoll: 0\n");
    my $text = qx{$program -C $self->{dir}/imapd.conf -d 2>&1};
    is($? >> 8, 78, 'IDLE is off');
    like($text, qr/imapidlepoll is 0/, 'and that is said');
    $self = instance('idlesocket: /no/such/directory/idle' . "\n");
    $text = qx{$program -C $self->{dir}/imapd.conf -d 2>&1};
    is($? >> 8, 71, 'no such directory');
    $text = qx{$program -x 2>&1};
    is($? >> 8, 64, 'usage');
};

done_testing();
