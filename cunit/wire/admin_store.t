# admin_store.t - quota, mbpath, ctl_mboxlist and ctl_cyrusdb on the sample spool of the real server
# covers: QU-22 QU-23 RC-20 RC-23 RC-24
#
# What is expected was printed by Cyrus 3.6.1 on the same files, where it is not said otherwise.
use strict;
use warnings;
use File::Path qw(make_path);
use JSON::PP ();
use Test::More;
use Halcyon::Spool;
use Halcyon::Test;

my %ID = (fred => 'de27kkdiqf0x87b3maibiy1d', mary => 'wikr4qksktwr1btu4397xr1t', work => '6todto7sfmscuz3e2ewdwaup');

# An instance that does not run, with the files of the sample.
sub sample {
    my $i = Halcyon::Test->new(nostart => 1, users => {}, conf => { servername => 'h1.example', mboxname_lockpath => undef, @_ });
    my $tmp = $i->path('run', 'unpacked');
    make_path($tmp);
    system('tar', '-xzf', "$Halcyon::Test::Source/cunit/data/cyrus-3.6.1-spool.tar.gz", '-C', $tmp, '--no-same-owner') == 0 or die "tar failed\n";
    my ($top) = glob "$tmp/*";
    system("cp -a $top/cfg/. $i->{dir}/conf/ && cp -a $top/spool/. $i->{dir}/spool/ && rm -rf $tmp") == 0 or die "cp failed\n";
    if ($> == 0 && $i->{account} ne 'root') { system('chown', '-R', "$i->{account}:$i->{group}", $i->{dir}) == 0 or die "chown failed\n" }
    return $i;
}

# Run a tool and compare; the instance's directory reads @ in what it prints.
sub prints {
    my ($i, $want, $status, $tool, @args) = @_;
    my ($got, $out, $err) = $i->run($tool, @args);
    s/\Q$i->{dir}\E/\@/g for $out, $err;
    my $what = join ' ', $tool, grep { !ref } @args;
    is($out, $want, $what);
    is($got, $status, "$what: exit status");
    return $err;
}

# Two mailboxes have annotations of messages, which Halcyon::Spool does not know.
sub problems { return grep { !/(?:$ID{work}|$ID{fred}): index header says annot/ } Halcyon::Spool::problems(@_) }

sub row { return sprintf "%8s %8s %8s %20s %s\n", @_ }
my $heading = "   Quota   % Used     Used             Resource Root\n";
my $shared = row(5000, 0, 0, 'STORAGE', 'shared') . row('', '', 2, 'MESSAGE', 'shared')
    . row('', '', 0, 'X-ANNOTATION-STORAGE', 'shared') . row('', '', 2, 'X-NUM-FOLDERS', 'shared');
my $fred = row(10240, 0, 5, 'STORAGE', 'user.fred') . row(1000, 1, 13, 'MESSAGE', 'user.fred')
    . row(500, 0, 0, 'X-ANNOTATION-STORAGE', 'user.fred') . row('', '', 7, 'X-NUM-FOLDERS', 'user.fred');

subtest quota => sub {
    my $i = sample();
    prints($i, $heading . $shared . $fred, 0, 'quota');
    prints($i, $heading . $fred, 0, 'quota', 'user.f');
    prints($i, $heading . $fred, 0, 'quota', '-u', 'fred');
    prints($i, $heading, 0, 'quota', '-u', 'mary');
    prints($i, $heading . $shared . $fred, 0, 'quota', '-f');
    prints($i, '', 0, 'quota', '-f', '-q');
    my ($status, $out) = $i->run('quota', '-J');
    is_deeply(JSON::PP::decode_json($out), {
        'shared' => { STORAGE => { used => 650, limit => 5120000 }, MESSAGE => { used => 2 },
            'X-ANNOTATION-STORAGE' => { used => 0 }, 'X-NUM-FOLDERS' => { used => 2 } },
        'user.fred' => { STORAGE => { used => 5342, limit => 10485760 }, MESSAGE => { used => 13, limit => 1000 },
            'X-ANNOTATION-STORAGE' => { used => 107, limit => 512000 }, 'X-NUM-FOLDERS' => { used => 7 } },
    }, 'quota -J');

    # usage that is not true
    my ($file) = grep { -f } glob "$i->{dir}/conf/quota/?/user.fred $i->{dir}/conf/quota/user.fred";
    my $text = Halcyon::Test::_slurp($file);
    (my $wrong = $text) =~ s/S \(5342 /S (1025 / or die "not the quota file expected: $text";
    $wrong =~ s/M \(13 /M (14 / or die;
    Halcyon::Test::_write($file, $wrong);
    my $corrections = "user.fred: STORAGE usage was 1025, now 5342\nuser.fred: MESSAGE usage was 14, now 13\n";
    is(prints($i, '', 0, 'quota', '-f', '-n', '-q'), $corrections, 'corrections');
    is(Halcyon::Test::_slurp($file), $wrong, '-n changes nothing');
    is(prints($i, $heading, 0, 'quota', '-f', 'user.m'), '', 'not asked for');
    is(Halcyon::Test::_slurp($file), $wrong, 'other roots are left alone');
    is(prints($i, $heading . $fred, 0, 'quota', '-f', 'user.fred'), $corrections, 'corrections');
    is(prints($i, '', 0, 'quota', '-f', '-q'), '', 'nothing more to correct');
    is_deeply([ problems($i) ], [], 'the store is sound');

    # a damaged root is told, the others are listed
    Halcyon::Test::_write($file, "what is this\n");
    like(prints($i, $heading . $shared, 70, 'quota'), qr/damaged/, 'the damage is told');
};

subtest mbpath => sub {
    my $i = sample(sievedir => '/sieve');
    my %dir = map { $_ => '@/spool/uuid/' . substr($ID{$_}, 0, 1) . '/' . substr($ID{$_}, 1, 1) . "/$ID{$_}" } keys %ID;
    (my $state = $dir{fred}) =~ s{spool}{conf/user};
    my $sieve = "/sieve/uuid/d/e/$ID{fred}";
    prints($i, "$dir{fred}\n$dir{mary}\n", 0, 'mbpath', 'user.fred', 'user.mary');
    prints($i, "$dir{fred}\n", 0, 'mbpath', '-u', 'fred');
    prints($i, "$dir{fred}\n", 0, 'mbpath', $_, 'user.fred') for qw(-D -A -M -m);
    prints($i, "$sieve\n", 0, 'mbpath', '-S', 'user.fred.Work');
    prints($i, "$state\n", 0, 'mbpath', '-U', 'user.fred.Work');
    prints($i, "$dir{work}\n", 0, 'mbpath', '-p', "$i->{dir}/spool/uuid/6/t/$ID{work}");
    prints($i, "Archive: $dir{work}\nData: $dir{work}\nMeta: $dir{work}\nSieve: $sieve\nUser: $state\n", 0, 'mbpath', '-a', 'user.fred.Work');
    my ($status, $out) = $i->run('mbpath', '-j', 'user.fred.Work');
    my $json = JSON::PP::decode_json($out);
    is($json->{mbname}{intname}, 'user.fred.Work', '-j: intname');
    is_deeply($json->{mbname}{boxes}, ['Work'], '-j: boxes');
    is($json->{user}{sub}, "$i->{dir}/conf/user/uuid/d/e/$ID{fred}/sub.db", '-j: path of a state file');
    my $name = '@/spool/uuid/w/s/wsde49n2116075tu5f0poh6u';
    prints($i, "$name\n", 0, 'mbpath', '-7', 'user.fred.Entw&APw-rfe');
    prints($i, "$name\n", 0, 'mbpath', "user.fred.Entw\xc3\xbcrfe");        # ours: 3.6.1 refuses UTF-8
    like(prints($i, "$dir{mary}\n", 65, 'mbpath', 'user.none', 'user.mary'), qr/user\.none/, 'the error is told');
    like(prints($i, '', 65, 'mbpath', '-s', 'user.none', 'user.mary'), qr/user\.none/, '... and with -s ends it');
    is(prints($i, '', 65, 'mbpath', '-q', 'user.none'), '', '-q: nothing is told');
    prints($i, '', 0, 'mbpath');
    prints($i, '', 64, 'mbpath', '-u', '-p', 'x');
};

# A dump, parsed; times of the last change are those of the restoration.
sub dump_of {
    my ($i, @args) = @_;
    my ($status, $out, $err) = $i->run('ctl_mboxlist', '-d', @args);
    is($status, 0, 'ctl_mboxlist -d');
    my $list = JSON::PP::decode_json($out);
    delete $_->{mtime} for values %$list;
    return ($list, $out);
}

subtest ctl_mboxlist => sub {
    my $i = sample();
    my ($before, $text) = dump_of($i);
    is(scalar keys %$before, 14, 'mailboxes and tombstones');
    is((split /\n/, $text)[12], '"user.fred.Work": {"name": "user.fred.Work", "mtime": "1795258296", "uidvalidity": "1795258294", '
        . '"createdmodseq": "1", "foldermodseq": "10", "mbtype": "e", "partition": "default", '
        . '"acl": {"fred": "lrswipkxtecdan", "mary": "lrswipkxtecda"}, "uniqueid": "6todto7sfmscuz3e2ewdwaup", "name_history": []},', 'a line of the dump');
    is_deeply([ map { $_->{name} } @{ $before->{'user.fred.Renamed'}{name_history} } ], ['user.fred.Temp'], 'former names');
    my $dump = $i->path('run', 'dump');
    Halcyon::Test::_write($dump, $text);
    my $copy = $i->path('run', 'copy.db');
    system('cp', '-p', "$i->{dir}/conf/mailboxes.db", $copy) == 0 or die;
    prints($i, "{\n\n}\n", 0, 'ctl_mboxlist', '-d', '-p', 'none');
    prints($i, $text, 0, 'ctl_mboxlist', '-d', '-f', $copy);
    prints($i, '', 0, 'ctl_mboxlist', '-v');

    prints($i, $text, 0, 'ctl_mboxlist', '-d', '-x');
    prints($i, "{\n\n}\n", 0, 'ctl_mboxlist', '-d');
    my ($status, $out) = $i->run('ctl_mboxlist', '-v');
    is(scalar(() = $out =~ /mailbox directory without DB entry/g), 12, '-v: every directory is without a mailbox');
    prints($i, '', 0, 'ctl_mboxlist', '-u', { stdin => $dump });
    my ($after) = dump_of($i);
    is_deeply($after, $before, 'the list is back');
    prints($i, '', 0, 'ctl_mboxlist', '-v');
    prints($i, "\@/spool/uuid/x/7/x7nca5ea5lh9f8189atba27u\n", 0, 'mbpath', 'user.fred.Renamed');

    # all or nothing
    (my $broken = $text) =~ s/"user\.mary"/"user.new"/;
    $broken =~ s/\n\}\n\z/\n/;
    Halcyon::Test::_write($dump, $broken);
    like(prints($i, '', 65, 'ctl_mboxlist', '-u', { stdin => $dump }), qr/parse error at line/, 'what is wrong is told');
    ($after) = dump_of($i);
    is_deeply($after, $before, 'nothing of a broken dump is taken');

    # older versions
    Halcyon::Test::_write($dump, "user.old\t0 default old\tlrswipcda\t\nuser.mary.x\t0 default >abcdefghijklmnopqrstuvwx\tmary\tlrs\t\n");
    prints($i, '', 0, 'ctl_mboxlist', '-u', '-L', { stdin => $dump });
    ($after) = dump_of($i);
    is($after->{'user.mary.x'}{uniqueid}, 'abcdefghijklmnopqrstuvwx', 'an id of an old list');
    is_deeply($after->{'user.old'}{acl}, { old => 'lrswipcda' }, 'an ACL of an old list');
    ($status, $out) = $i->run('ctl_mboxlist', '-v');
    like($out, qr/^'user\.mary\.x' has a DB entry but no directory on partition 'default'$/m, '-v: a mailbox without files');

    like(prints($i, '', 69, 'ctl_mboxlist', '-m'), qr/mupdate/, '-m is refused with the reason');
    prints($i, '', 0, 'ctl_mboxlist', $_) for qw(-r -c);
    prints($i, '', 64, 'ctl_mboxlist', @$_) for [], ['-d', '-u'], ['-u', '-x'], ['-d', '-L'];
};

subtest ctl_cyrusdb => sub {
    my $i = sample();
    my (undef, $before) = dump_of($i);
    is(prints($i, '', 0, 'ctl_cyrusdb', '-r'), '', 'silent');
    prints($i, $before, 0, 'ctl_mboxlist', '-d');
    prints($i, '', 0, 'quota', '-f', '-q');
    is_deeply([ problems($i) ], [], 'the store is sound');
    ok(-s "$i->{dir}/conf/db/skipstamp", 'stamp of the start');

    # leftovers and wrong usage
    Halcyon::Test::_write("$i->{dir}/spool/stage./4711-1-0", 'rest') if -d "$i->{dir}/spool/stage." or mkdir "$i->{dir}/spool/stage.";
    my ($file) = grep { -f } glob "$i->{dir}/conf/quota/?/user.fred";
    (my $wrong = Halcyon::Test::_slurp($file)) =~ s/S \(5342 /S (1 /;
    Halcyon::Test::_write($file, $wrong);
    system('chown', '-R', "$i->{account}:$i->{group}", $i->{dir}) if $> == 0;
    my ($root) = glob "$i->{dir}/conf/quota/*/*";
    for my $left ("$root.NEW", "$i->{dir}/conf/mailboxes.db.NEW") { open my $fh, '>', $left or die "$left: $!"; print {$fh} "left over\n" }
    prints($i, '', 0, 'ctl_cyrusdb', '-r', '-x');
    ok(!-e "$root.NEW" && !-e "$i->{dir}/conf/mailboxes.db.NEW", 'new versions that never got their names are gone');

    # A recovery that was interrupted has left its stamp, and the time of the start before: what is older than
    # the stamp was not looked at yet.
    my $left = $i->path('spool/uuid/q/q/qqleft');
    make_path($left);
    open my $fh, '>', "$left/cyrus.index.NEW" or die $!;
    close $fh;
    my $hour = time - 3600;
    system('chown', '-R', "$i->{account}:$i->{group}", $i->path('spool/uuid/q')) if $> == 0;
    utime $hour, $hour, "$left/cyrus.index.NEW", $left, $i->path('spool/uuid/q/q') or die $!;
    prints($i, '', 0, 'ctl_cyrusdb', '-r');
    ok(-e "$left/cyrus.index.NEW", 'older than the last start: left alone');
    open $fh, '>', $i->path('conf/db/recovering') or die $!;
    print {$fh} time - 7200, "\n";
    close $fh;
    prints($i, '', 0, 'ctl_cyrusdb', '-r');
    ok(!-e $left, '... but not when no recovery has come to its end since');
    ok(!-e $i->path('conf/db/recovering'), 'this one has');
    is_deeply([ problems($i) ], [], 'the store is sound again');

    prints($i, '', 0, 'ctl_cyrusdb', '-c');
    is_deeply([ map { s{.*/}{}r } sort glob "$i->{dir}/conf/db.backup1/*" ], [qw(annotations.db mailboxes.db)], 'copies');
    ok(!-d "$i->{dir}/conf/db.backup2", 'no older ones yet');
    prints($i, $before, 0, 'ctl_mboxlist', '-d', '-f', "$i->{dir}/conf/db.backup1/mailboxes.db");
    prints($i, '', 0, 'ctl_cyrusdb', '-c') for 1 .. 2;
    is(scalar(() = glob "$i->{dir}/conf/db.backup2/*"), 2, 'the copies before');
    prints($i, '', 64, 'ctl_cyrusdb', @$_) for [], ['-c', '-x'], ['-r', '-c'], ['-r', 'word'];
};

done_testing;
