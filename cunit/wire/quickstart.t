# quickstart.t - tools/quickstart on a copy of the tree, with programs that are built already
# covers: FQ-01
use strict;
use warnings;
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use POSIX ();
use Test::More;
use Time::HiRes qw(time);
use Halcyon::Client;
use Halcyon::Test;

my $build = $Halcyon::Test::Build;
plan skip_all => "no Makefile in $build" unless -e "$build/Makefile";
my $source = $Halcyon::Test::Source;

# A checkout of its own: what quickstart looks at, and nothing that it would have to build.  The build folder
# holds links to the programs; its Makefile has nothing to do.
my $top = tempdir('halcyon-quick-XXXXXX', TMPDIR => 1, CLEANUP => 0);
my $owner = $$;
chmod 0755, $top;
mkdir "$top/$_" or die "$top/$_: $!" for 'tools', 'build';
for my $file (qw(quickstart packages)) {
    copy("$source/tools/$file", "$top/tools/$file") or die "$file: $!";
    chmod 0755, "$top/tools/$file";
}
for my $name (qw(imap master)) { symlink "$build/$name", "$top/build/$name" or die "$name: $!" }
symlink "$build/tools", "$top/build/tools" or die "tools: $!";
Halcyon::Test::_write("$top/configure", "#!/bin/sh\nexit 1\n");
chmod 0755, "$top/configure";
Halcyon::Test::_write("$top/configure.ac", '');
utime 1, 1, "$top/configure.ac";
Halcyon::Test::_write("$top/build/Makefile", "all:\n");
utime 1, 1, "$top/build/Makefile";

END {
    if ($top && $$ == $owner) {
        my $status = $?;
        system("$top/tools/quickstart --stop >/dev/null 2>&1") if -e "$top/run";
        system('rm', '-rf', $top);
        $? = $status;
    }
}

# (exit status, all that it printed, seconds)
sub quickstart {
    my (@args) = @_;
    my $from = time;
    my $out = '';
    my $pid = open(my $fh, '-|') // die "fork: $!";
    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDERR, '>&', \*STDOUT;
        chdir '/';
        delete @ENV{qw(MAKEFLAGS MAKELEVEL)};
        exec "$top/tools/quickstart", @args or POSIX::_exit(127);
    }
    # the supervisor must not keep the pipe open: else this would not end
    eval { local $SIG{ALRM} = sub { die "time-out\n" }; alarm 100; local $/; $out = <$fh> // ''; alarm 0 };
    if ($@) { kill 'KILL', $pid; $out .= "\ntime-out: output was not closed" }
    close $fh;
    return ($? >> 8, $out, time - $from);
}

my ($st, $out) = quickstart('--help');
is($st, 0, '--help');
like($out, qr/--stop.*--status.*--reset/s, 'says what there is');
($st, $out) = quickstart('--frob');
is($st, 64, 'unknown option');
like($out, qr/^usage: /m, 'usage');
($st, $out) = quickstart('--status');
is($st, 1, '--status when it does not run');
like($out, qr/not running/, 'says so');
($st, $out) = quickstart('--stop');
is($st, 0, '--stop when it does not run');
ok(!-e "$top/run", 'nothing was made');

# as root the services run as "nobody", who must be able to reach the programs
if ($> == 0) {
    chmod 0700, $top;
    ($st, $out) = quickstart();
    is($st, 1, 'a checkout that "nobody" cannot enter is refused');
    like($out, qr/cannot enter \Q$top\E: move the checkout/, 'with a cure');
    ok(!-e "$top/run", 'and nothing was made');
    chmod 0755, $top;
}

# places that programs like these are known to write to
my $home = tempdir('halcyon-home-XXXXXX', TMPDIR => 1, CLEANUP => 1);
$ENV{HOME} = $home;
sub outside { return join ' ', map { my @s = stat; "$_:" . (@s ? "$s[7]/$s[9]" : 'none') } $home, qw(/etc /etc/sasldb2 /etc/imapd.conf /etc/cyrus.conf /var/lib /var/spool /var/run/cyrus) }
my $outside = outside();

my ($seconds);
($st, $out, $seconds) = quickstart();
is($st, 0, 'start') or BAIL_OUT("quickstart failed:\n$out");
like($out, qr/^ready$/m, 'ready');
my %port = $out =~ /^\s+(IMAP|IMAPS|POP3|POP3S|LMTP)\s+127\.0\.0\.1 port (\d+)/mg;
my %pw = map { $_ => ($out =~ /\b$_\s+\/ (\S+)/)[0] } qw(alice bob cyrus);
is(scalar(grep { $port{$_} } qw(IMAP IMAPS POP3 POP3S LMTP)), 5, 'five ports are printed') or diag $out;
is(scalar(grep { $pw{$_} } qw(alice bob cyrus)), 3, 'three passwords are printed') or diag $out;
cmp_ok($port{$_}, '>', 1023, "port of $_ needs no privilege") for sort keys %port;
like($out, qr/^\s+logs\s/m, 'where logs are');
my ($pid) = Halcyon::Test::_slurp("$top/run/master.pid") =~ /(\d+)/;
isnt((stat "/proc/$pid")[4], 0, 'the supervisor does not run as root');
is((stat "$top/run/settings")[2] & 077, 0, 'the passwords are for nobody else');

sub welcome {
    my ($what, $n) = @_;
    my $c = Halcyon::Client->imap(port => $port{IMAP});
    $c->login('alice', $pw{alice});
    my ($exists) = join("\n", $c->ok('SELECT INBOX')) =~ /^\* (\d+) EXISTS/m;
    is($exists, $n, "$what: $n message(s)");
    my $text = join '', $c->ok('FETCH 1 BODY.PEEK[]');
    like($text, qr/Subject: Welcome to Halcyon\r\n.*Hello alice,/s, "$what: the welcome message over IMAP");
    like($text, qr/^Received: .* with LMTP/ms, "$what: it came by LMTP");
    $c->logout;
    my $p = Halcyon::Client->pop3(port => $port{POP3});
    $p->pop_cmd('USER alice');
    like($p->pop_cmd("PASS $pw{alice}"), qr/^\+OK/, "$what: POP3 login");
    my ($s, $mail) = $p->pop_multi('RETR 1');
    like($mail // $s, qr/Hello alice,/, "$what: and over POP3");
    $p->pop_cmd('QUIT');
    $p->close;
}
welcome('first start', 1);
my $tls = Halcyon::Client->imap(port => $port{IMAPS}, tls => 1);
is($tls->cmd("LOGIN bob $pw{bob}")->{status}, 'OK', 'IMAPS');
$tls->close;
my $admin = Halcyon::Client->imap(port => $port{IMAP});
$admin->login('cyrus', $pw{cyrus});
is($admin->cmd('CREATE shared')->{status}, 'OK', 'the administrator may create');
$admin->logout;
my $l = Halcyon::Client->lmtp(port => $port{LMTP});
$l->lmtp_cmd('LHLO test');
like(($l->deliver('a@b', ['alice'], "Subject: second\r\n\r\nx\r\n"))[0], qr/^250/, 'LMTP');
$l->close;

($st, $out, $seconds) = quickstart();
is($st, 0, 'second start');
like($out, qr/^already running: supervisor process $pid$/m, 'is running already');
cmp_ok($seconds, '<', 3, sprintf 'within %.1f s', $seconds);
($st, $out) = quickstart('--status');
is($st, 0, '--status');
like($out, qr/running: supervisor process $pid.*alice \/ $pw{alice}/s, 'says how to connect');

($st, $out) = quickstart('--stop');
is($st, 0, '--stop');
like($out, qr/stopped/, 'stopped');
ok(!-d "/proc/$pid", 'the supervisor has ended');
($st) = quickstart('--status');
is($st, 1, '--status afterwards');

($st, $out, $seconds) = quickstart();
is($st, 0, 'start again') or diag $out;
cmp_ok($seconds, '<', 3 + ($ENV{ASAN_OPTIONS} || -e "$build/config.log" && Halcyon::Test::_slurp("$build/config.log") =~ /enable-sanitizers/ ? 5 : 0), sprintf 'a second start takes %.1f s', $seconds);
welcome('after a restart', 2);
($pid) = Halcyon::Test::_slurp("$top/run/master.pid") =~ /(\d+)/;

($st, $out) = quickstart('--reset');
is($st, 0, '--reset');
ok(!-e "$top/run", 'run/ is gone');
ok(!-d "/proc/$pid", 'and the supervisor');
is(join(' ', grep { Halcyon::Test::_slurp($_) =~ /\Q$top\E/ } glob '/proc/[0-9]*/cmdline'), '', 'and every process of it');
is(join(' ', sort map { s{.*/}{}r } glob "$top/*"), 'build configure configure.ac run tools' =~ s/run //r, 'nothing else was made in the checkout');
is(outside(), $outside, 'nor outside');
done_testing;
