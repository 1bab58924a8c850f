# dbtools.t - cyr_dbtool and cvt_cyrusdb as programs: output forms and exit codes
# covers: RC-15 RC-16 MP-14 MP-18
use strict;
use warnings;
use POSIX ();
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new(nostart => 1);
my $conf = $i->path('imapd.conf');
my $db = $i->path('run', 'test.db');

# Run as the service account; (exit status, stdout, stderr).
sub run {
    my ($input, $name, @args) = @_;
    my ($in, $out, $err) = map { $i->path('run', "dbtools.$_") } qw(in out err);
    open my $fh, '>:raw', $in or die "$in: $!";
    print $fh $input;
    close $fh;
    my $pid = fork() // die "fork: $!";
    if (!$pid) {
        open STDIN, '<', $in;
        open STDOUT, '>', $out;
        open STDERR, '>', $err;
        $i->drop_privileges;
        exec Halcyon::Test::program($name), '-C', $conf, @args or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    my $status = $? & 127 ? 256 + ($? & 127) : $? >> 8;
    return ($status, map { Halcyon::Test::_slurp($_) } $out, $err);
}

# Each row: input, arguments of cyr_dbtool, exit status, stdout, pattern for stderr.
my @rows = (
    ['', [], 64, '', qr/^Usage: .*cyr_dbtool.*\nUsable Backends: .*flat.*skiplist.*twoskip/],
    ['', [$db, 'twoskip'], 64, '', qr/^Usage/],
    ['', ['test.db', 'twoskip', 'show'], 71, '', qr/absolute/],
    ['', [$db, 'nothing', 'show'], 78, '', qr/cyrusdb backend nothing not supported/],
    ['', [$db, 'twoskip', 'show'], 75, '', qr/can't open database/],
    ['', [$db, 'twoskip', 'rot13'], 64, '', qr/unknown action rot13/],
    ['', ['-n', $db, 'twoskip', 'set', 'key one', 'value'], 0, '', qr/^$/],
    ['', [$db, 'twoskip', 'get', 'key one'], 0, "value\n", qr/^$/],
    ['', [$db, 'twoskip', 'get', 'none'], 0, "\n", qr/^$/],
    ['', [$db, 'twoskip', 'delete', 'none'], 0, '', qr/^$/],
    ["b\tx y\na\t\nc", [$db, 'twoskip', 'set'], 0, '', qr/^$/],
    ["b\nnone\na\n", [$db, 'twoskip', 'get'], 0, "x y\n\n\n", qr/^$/],
    ['', [$db, 'twoskip', 'show'], 0, "a\t\nb\tx y\nc\t\nkey one\tvalue\n", qr/^$/],
    ['', ['-T', '-o', $db, 'twoskip', 'show', 'k'], 0, "key one\tvalue\n", qr/^$/],
    ['', [$db, 'flat', 'get', 'b'], 0, "x y\n", qr/^$/],
    ["c\n", [$db, 'twoskip', 'delete'], 0, '', qr/^$/],
    ['', ['-T', $db, 'twoskip', 'damage', 'a', 'broken'], 256 + 9, '', qr/^$/],
    ['', [$db, 'twoskip', 'get', 'a'], 0, "\n", qr/^$/],
    ['', [$db, 'twoskip', 'consistent'], 0, "Yes, consistent\n", qr/^$/],
    ['', [$db, 'twoskip', 'repack'], 0, '', qr/^$/],
    ["BEGIN\r\nSET a {3+}\r\nx y\r\nGET a\r\nCOMMIT\r\nSHOW a\r\n", [$db, 'twoskip', 'batch'], 0,
     "a \"x y\"\na \"x y\"\n", qr/^$/],
    ["SET a 2\r\nNONSENSE\r\nSET a 3\r\n", [$db, 'twoskip', 'batch'], 78, '', qr/^FAILED: line 2 at cmd NONSENSE/],
    ['', [$db, 'twoskip', 'get', 'a'], 0, "2\n", qr/^$/],
);
for my $n (0 .. $#rows) {
    my ($input, $args, $status, $out, $err) = @{ $rows[$n] };
    my @got = run($input, 'cyr_dbtool', @$args);
    is($got[0], $status, "row $n: exit status") or diag $got[2];
    is($got[1], $out, "row $n: output");
    like($got[2], $err, "row $n: messages");
}
my ($status, $dump) = run('', 'cyr_dbtool', $db, 'twoskip', 'dump');
like($dump, qr/^HEADER: v=1 fl=0 num=3 sz=\([0-9A-F]{8}\/[0-9A-F]{8}\)\n00000040 DUMMY kl=0 dl=0 lvl=31 \(\)\n/, 'dump');

my ($flat, $back) = map { $i->path('run', $_) } 'test.txt', 'back.db';
my @got = run('', 'cvt_cyrusdb', $db, 'twoskip', $flat, 'flat');
is_deeply(\@got, [0, "Converting from $db (twoskip) to $flat (flat)\n", ''], 'twoskip to flat');
is(Halcyon::Test::_slurp($flat), "a\t2\nb\tx y\nkey one\tvalue\n", 'the flat file');
@got = run('', 'cvt_cyrusdb', $flat, 'flat', $back, 'skiplist');
is($got[0], 0, 'flat to skiplist');
is((run('', 'cyr_dbtool', $back, 'skiplist', 'show'))[1], "a\t2\nb\tx y\nkey one\tvalue\n", 'all there');
@got = run('', 'cvt_cyrusdb');
is($got[0], 64, 'no arguments');
like($got[2], qr/^Usable Backends: .*twoskip/m, 'backends are listed');
@got = run('', 'cvt_cyrusdb', "$db.none", 'twoskip', $flat, 'flat');
is($got[0], 65, 'no such database');
like($got[2], qr/^DBERROR: Conversion failed/m, 'it says so');
is(Halcyon::Test::_slurp($flat), "a\t2\nb\tx y\nkey one\tvalue\n", 'the target is as it was');
is((run('', 'cvt_cyrusdb', $db, 'twoskip', 'x', 'flat'))[0], 71, 'relative path');
is((run('', 'cvt_cyrusdb', $db, 'twoskip', $flat, 'nothing'))[0], 78, 'unknown backend');

done_testing;
