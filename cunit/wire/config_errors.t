# config_errors.t - bad configuration ends with one sentence that names file, line and cure
# covers: AD-12 ST-20 MP-01
use strict;
use warnings;
use IO::Socket::INET;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);
use Halcyon::Test;

my $i = Halcyon::Test->new(nostart => 1, tls => 1);
my $conf = $i->path('imapd.conf');
my $good = Halcyon::Test::_slurp($conf);
my $cyrus = $i->path('cyrus.conf');
my $good_cyrus = Halcyon::Test::_slurp($cyrus);

# Run a program of ours until it ends, at most 15 s.  With drop: as the service account.
# Returns (exit status or 'runs', stderr).
sub run {
    my ($drop, $name, @args) = @_;
    my $err = $i->path('run', 'stderr');
    my $pid = fork() // die "fork: $!";
    if (!$pid) {
        POSIX::setsid();
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $i->path('run', 'stdout');
        open STDERR, '>', $err;
        $i->drop_privileges if $drop;
        exec Halcyon::Test::program($name), @args or POSIX::_exit(127);
    }
    my ($deadline, $status) = (time + 15, 'runs');
    while (time < $deadline) {
        if (waitpid($pid, POSIX::WNOHANG()) == $pid) { $status = $? & 127 ? 256 + ($? & 127) : $? >> 8; last }
        select undef, undef, undef, 0.02;
    }
    kill 'KILL', -$pid;
    waitpid $pid, 0 if $status eq 'runs';
    my $text = Halcyon::Test::_slurp($err);
    return ($status, $text);
}

# The line number of the first line that matches.
sub line_of {
    my ($text, $pattern) = @_;
    my $n = 0;
    for (split /\n/, $text) { $n++; return $n if $_ =~ $pattern }
    return 0;
}

sub write_conf { my ($path, $text) = @_; Halcyon::Test::_write($path, $text); chmod 0644, $path }

# Rows: what, change of imapd.conf, pattern of the line that must be named (undef: none), words of the cure.
my @rows = (
    [ 'partition of defaultpartition missing', sub { s/^partition-default:.*\n//m }, qr/^defaultpartition/, qr/add "partition-default: DIRECTORY"/ ],
    [ 'no partition at all', sub { s/^(?:partition-default|defaultpartition):.*\n//mg }, undef, qr/add "partition-default: DIRECTORY"/ ],
    [ 'directory of the partition missing', sub { s{^(partition-default:).*}{$1 $i->{dir}/none}m }, undef, qr/make the directory/ ],
    [ 'configdirectory missing', sub { s/^configdirectory:.*\n//m }, undef, qr/add "configdirectory: DIRECTORY"/ ],
    [ 'line without a colon', sub { $_ .= "frobnicate yes\n" }, qr/^frobnicate yes/, qr/write "name: value"/ ],
    [ 'no switch', sub { $_ .= "imapidlepoll: often\n" }, qr/^imapidlepoll: often/, qr/must be|use|write/ ],
    [ 'no yes or no', sub { $_ .= "popsubfolders: maybe\n" }, qr/^popsubfolders/, qr/must be yes or no/ ],
    [ 'unknown engine', sub { $_ .= "mboxlist_db: frob\n" }, qr/^mboxlist_db/, qr/must be one of: .*twoskip/ ],
    [ 'engine that is not built in', sub { $_ .= "seenstate_db: zeroskip\n" }, qr/^seenstate_db/, qr/use one of .*twoskip/ ],
);
my @tls_rows = (
    [ 'certificate missing', sub { s{^(tls_server_cert:).*}{$1 $i->{dir}/none.pem}m }, qr/^tls_server_cert/, qr/No such file.*correct the path/ ],
    [ 'certificate that is none', sub { s{^(tls_server_cert:).*}{$1 $i->{dir}/cyrus.conf}m }, qr/^tls_server_cert/, qr/cyrus\.conf/ ],
    [ 'key of another certificate', sub { s{^(tls_server_key:).*}{$1 $i->{dir}/conf/other.pem}m }, qr/^tls_server_key/, qr/other\.pem/ ],
    [ 'no usable cipher', sub { $_ .= "tls_ciphers: frob\n" }, qr/^tls_ciphers/, qr/openssl ciphers/ ],
    [ 'no version left', sub { $_ .= "tls_versions: frob\n" }, qr/^tls_versions/, qr/tls1_2/ ],
);
system("openssl genrsa -out $i->{dir}/conf/other.pem 2048 2>/dev/null") == 0 or die 'openssl genrsa failed';
system('chown', "$i->{account}", "$i->{dir}/conf/other.pem") if $> == 0;

sub one_sentence {
    my ($name, $what, $err, $file, $line, $cure) = @_;
    my @lines = split /\n/, $err;
    is(scalar @lines, 1, "$name: $what: one line") or diag $err;
    like($lines[0] // '', $line ? qr/\Q$file\E, line $line: / : qr/\Q$file\E/, "$name: $what: file" . ($line ? ' and line' : ''));
    like($lines[0] // '', $cure, "$name: $what: cure");
}

for my $row (@rows, @tls_rows) {
    my ($what, $change, $at, $cure) = @$row;
    local $_ = $good;
    $change->();
    write_conf($conf, $_);
    my $line = $at ? line_of($_, $at) : 0;
    my $is_tls = grep { $_ == $row } @tls_rows;
    for my $name (qw(imapd pop3d lmtpd)) {
        my ($st, $err) = run(1, $name, '-C', $conf, '-X');
        is($st, 78, "$name: $what: status");
        one_sentence($name, $what, $err, $conf, $line, $cure);
    }
}
for my $row (@rows[0, 1, 3 .. 7]) {
    my ($what, $change, $at, $cure) = @$row;
    local $_ = $good;
    $change->();
    write_conf($conf, $_);
    my $line = $at ? line_of($_, $at) : 0;
    for my $cmd ([ 'master', '-C', $conf, '-M', $cyrus, '-p', $i->path('run', 'pid'), '-D' ], [ 'deliver', '-C', $conf, 'alice' ], [ 'cyr_info', '-C', $conf, 'conf' ],
                 [ 'mbexamine', '-C', $conf ]) {
        my ($name, @args) = @$cmd;
        next if $name eq 'cyr_info' && $what =~ /partition/;            # it must be able to show a broken file
        my ($st, $err) = run($name ne 'master', $name, @args);
        is($st, 78, "$name: $what: status");
        one_sentence($name, $what, $err, $conf, $line, $cure);
    }
}

# a file that is not there or may not be read
for my $name (qw(master imapd deliver cyr_info)) {
    my ($st, $err) = run($name ne 'master', $name, '-C', $i->path('none.conf'), $name eq 'imapd' ? '-X' : $name eq 'cyr_info' ? 'conf' : $name eq 'deliver' ? 'alice' : '-D');
    is($st, 78, "$name: no imapd.conf: status");
    one_sentence($name, 'no imapd.conf', $err, $i->path('none.conf'), 0, qr/create it/);
}

# an unknown option is no reason to stop; conf-lint names it
write_conf($conf, $good . "frobnicate: yes\n");
my ($st, $err) = run(1, 'imapd', '-C', $conf, '-X');
is("$st$err", '0', 'unknown option: imapd serves');
($st, my $out) = $i->run('cyr_info', '-M', $cyrus, 'conf-lint');
like($out, qr/^frobnicate: yes$/m, 'conf-lint names it');
$i->start;
my $c = $i->imap(user => 'alice');
is($c->cmd('NOOP')->{status}, 'OK', 'and so does the whole instance');
$c->close;
$i->stop;
write_conf($conf, $good);

# ---- cyrus.conf
my $port = Halcyon::Test::free_port();
my $holder = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Proto => 'tcp', Listen => 1) or die "listen: $!";
my $imapd = Halcyon::Test::program('imapd');
my @entries = (
    [ 'port in use', qq(imap cmd="$imapd -C $conf" listen="127.0.0.1:$port"), qr/Address already in use; stop what uses it/ ],
    [ 'quote not closed', qq(imap cmd="$imapd), qr/close it on the same line/ ],
    [ 'entry without cmd', 'imap listen="127.0.0.1:0"', qr/give it cmd=/ ],
    [ 'entry without listen', qq(imap cmd="$imapd"), qr/listen=/ ],
    [ 'program missing', 'imap cmd="/nonexistent/imapd" listen="127.0.0.1:0"', qr/correct cmd= or install/ ],
    [ 'unknown port name', qq(imap cmd="$imapd" listen="no-such-port"), qr/give a number/ ],
    [ 'directory of a socket missing', qq(imap cmd="$imapd" listen="$i->{dir}/none/socket"), qr/no such host or directory; correct/ ],
    [ 'address of another machine', qq(imap cmd="$imapd" listen="192.0.2.1:$port"), qr/check that this machine has the address/ ],
);
for my $row (@entries) {
    my ($what, $entry, $cure) = @$row;
    write_conf($cyrus, "START {\n}\nSERVICES {\n  $entry\n}\n");
    my ($status, $text) = run(0, 'master', '-C', $conf, '-M', $cyrus, '-p', $i->path('run', 'pid'), '-D');
    isnt($status, 'runs', "master: $what: ends");
    isnt($status, 0, "master: $what: status $status");
    my @told = grep { !/^master: none of the services/ } split /\n/, $text;
    one_sentence('master', $what, join("\n", @told), $cyrus, 4, $cure);
}
write_conf($cyrus, "SERVICES {\n  imap cmd=\"$imapd -C $conf\" listen=\"127.0.0.1:0\" frob=1\n}\nFROB {\n}\n");
my $pid = fork() // die "fork: $!";
if (!$pid) {
    POSIX::setsid();
    open STDERR, '>', $i->path('run', 'stderr');
    exec Halcyon::Test::program('master'), '-C', $conf, '-M', $cyrus, '-p', $i->path('run', 'pid'), '-D' or POSIX::_exit(127);
}
my ($deadline, $text) = (time + 20, '');
until (time > $deadline || ($text = Halcyon::Test::_slurp($i->path('run', 'stderr'))) =~ /FROB/) { select undef, undef, undef, 0.05 }
kill 'TERM', $pid;
waitpid $pid, 0;
kill 'KILL', -$pid;
like($text, qr/\Q$cyrus\E, line 2: argument 'frob' .* remove it$/m, 'unknown argument: named');
like($text, qr/\Q$cyrus\E, line 4: section 'FROB' .* use START/m, 'unknown section: named');

($st, $err) = run(0, 'master', '-C', $conf, '-M', $i->path('none.conf'), '-p', $i->path('run', 'pid'), '-D');
is($st, 78, 'no cyrus.conf: status');
one_sentence('master', 'no cyrus.conf', $err, $i->path('none.conf'), 0, qr/create it/);

write_conf($cyrus, $good_cyrus);
is($i->faults, '', 'no faults');
done_testing;
