# install.t - what "make install DESTDIR=..." puts where, and that it runs from there
# covers: AD-16 AD-11 MP-17 MP-22 MP-41 MP-62 RC-22 RC-26 FQ-14
use strict;
use warnings;
use File::Temp qw(tempdir);
use JSON::PP qw(decode_json);
use POSIX ();
use Test::More;
use Halcyon::Test;

my $build = $Halcyon::Test::Build;
plan skip_all => "no Makefile in $build" unless -e "$build/Makefile";
my $dest = tempdir('halcyon-install-XXXXXX', TMPDIR => 1, CLEANUP => 1);
delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS LD_LIBRARY_PATH DESTDIR)};

# Program and arguments in an empty environment: (exit status, stdout, stderr).
sub run {
    my (@cmd) = @_;
    my ($out, $err) = ("$dest/.out", "$dest/.err");
    my $pid = fork() // die "fork: $!";
    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $out;
        open STDERR, '>', $err;
        %ENV = (PATH => '/usr/sbin:/usr/bin:/sbin:/bin', map { exists $ENV{$_} ? ($_ => $ENV{$_}) : () } 'ASAN_OPTIONS', 'UBSAN_OPTIONS');
        exec { $cmd[0] } @cmd or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    my $status = $? & 127 ? 256 + ($? & 127) : $? >> 8;
    return ($status, map { Halcyon::Test::_slurp($_) } $out, $err);
}

my $log = `cd '$build' && make install DESTDIR='$dest' 2>&1`;
is($?, 0, 'make install DESTDIR=') or diag substr $log, -2000;

my ($master) = split /\n/, `find '$dest' -type f -name master`;
BAIL_OUT('master was not installed') unless $master;
my ($p) = $master =~ m{^(.*)/libexec/master$};
ok($p, 'master is in PREFIX/libexec') or $p = $master =~ s{/[^/]*/[^/]*$}{}r;
(my $prefix = $p) =~ s/^\Q$dest\E//;

# program => directories where tools look for it, in their order
my %where;
for my $name (qw(master imapd pop3d lmtpd idled deliver ctl_cyrusdb ctl_mboxlist cvt_cyrusdb cyr_buildinfo cyr_dbtool cyr_info mbexamine mbpath quota tls_prune mkimap
                 imtest pop3test nntptest lmtptest smtptest sivtest mupdatetest synctest)) {
    ($where{$name}) = grep { -x "$_/$name" } map { "$p/$_" } qw(bin sbin libexec libexec/cyrus-imapd lib cyrus/bin);
    ok($where{$name}, "$name is installed") or next;
    like($where{$name}, qr{/sbin$}, "$name is in sbin") if $name eq 'cyr_buildinfo';
    my $head = '';
    if (open my $fh, '<:raw', "$where{$name}/$name") { read $fh, $head, 4 }
    is($head, "\x7fELF", "$name is an ELF program") unless $name eq 'mkimap';
    my ($section) = grep { -e "$p/share/man/man$_/$name.$_" } 1, 8;
    ok($section, "$name has a manual page");
}
ok(-s "$p/share/man/man5/$_.5", "manual page $_(5)") for qw(imapd.conf cyrus.conf);
like(Halcyon::Test::_slurp("$p/share/man/man5/imapd.conf.5"), qr/defaultpartition/, 'imapd.conf(5) has the options');
my @stray = grep { !m{/(?:bin|sbin|libexec|share/man/man\d)/[^/]+$} && !m{/\.(?:out|err)$} } split /\n/, `find '$dest' -type f -o -type l`;
is_deeply(\@stray, [], 'nothing else is installed');
like(Halcyon::Test::_slurp($_), qr{^\.(?:TH|Dt) }m, ($_ =~ m{([^/]+)$})[0] . ' is a manual page') for glob "$p/share/man/man[58]/*";

# version and build information
my ($st, $out, $err) = run("$where{master}/master", '-V');
is($st, 0, 'master -V');
like($out, qr/\Acyrus-imapd (\d+)\.(\d+)\.(\d+)(?:-\S+)?\n\z/, 'one line with the version');
my ($version) = $out =~ /cyrus-imapd (\S+)/;
is($err, '', 'and nothing else');
($st, $out) = run("$where{master}/master", '-C', '/nonexistent/imapd.conf', '-V');
is($st, 0, 'master -V reads no configuration');
chmod 0755, $dest;
my $account = Halcyon::Test::_service_account("$where{master}/master");
my $group = getgrgid((getpwnam $account)[3]);
Halcyon::Test::_write("$dest/imapd.conf", "configdirectory: $dest/conf\npartition-default: $dest/spool\ncyrus_user: $account\ncyrus_group: $group\n");
($st, $out, $err) = run("$where{cyr_info}/cyr_info", '-C', "$dest/imapd.conf", 'version');
is($st, 0, 'cyr_info version') or diag $err;
like($out, qr/\Q$version\E/, 'the same version');
for my $cmd ([], [ '-C', '/nonexistent/imapd.conf' ]) {
    ($st, $out, $err) = run("$where{cyr_buildinfo}/cyr_buildinfo", @$cmd);
    is($st, 0, "cyr_buildinfo @$cmd") or diag $err;
    my $info = eval { decode_json($out) };
    is(ref $info, 'HASH', 'a JSON object') or diag $out;
    is(ref $info->{$_}, 'HASH', "with $_") for qw(component dependency database search hardware);
    ok(exists $info->{component}{$_}, "component $_ is said") for qw(nntpd replication sieve httpd murder idled autocreate);
    is($info->{component}{idled} ? 1 : 0, 1, 'idled is there');
}

# usage errors
for my $name (grep { $where{$_} } qw(master imapd pop3d lmtpd deliver ctl_cyrusdb ctl_mboxlist cvt_cyrusdb cyr_dbtool cyr_info mbexamine quota tls_prune)) {
    next if -l "$where{$name}/$name";
    ($st, $out, $err) = run("$where{$name}/$name", '-C', '/nonexistent/imapd.conf', '-?');
    is($st, 64, "$name: wrong option: status");
    like($err, qr/usage/i, "$name: usage on stderr");
}
if ($where{mkimap}) {
    ($st, $out, $err) = run("$where{mkimap}/mkimap", 'a', 'b');
    is($st, 64, 'mkimap: too many arguments');
    ($st, $out, $err) = run("$where{mkimap}/mkimap", "$dest/imapd.conf");
    is($st, 0, 'mkimap') or diag $err;
    ok(-d "$dest/conf/proc" && -d "$dest/spool/stage.", 'makes the directories');
}

# make uninstall takes away what install brought
system('rm', '-rf', "$dest/conf", "$dest/spool");
$log = `cd '$build' && make uninstall DESTDIR='$dest' 2>&1`;
is($?, 0, 'make uninstall') or diag substr $log, -2000;
is_deeply([ grep { m{\Q$prefix\E/} } split /\n/, `find '$dest' -type f -o -type l` ], [], 'nothing is left');
done_testing;
