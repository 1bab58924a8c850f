# sample_spool.t - a spool written by the real 3.6.1 comes out over our IMAP with every value of its description
# covers: AD-17 PT-13 QU-21 ST-01
#
# cunit/data/cyrus-3.6.1-spool.md is the transcript of the real server on the same files: its commands are
# given to ours and the answers compared.  Left out is what belongs to extensions that this version does not
# serve: METADATA, ANNOTATION, STATUS=SIZE, SPECIAL-USE, OBJECTID, SAVEDATE.
use strict;
use warnings;
use File::Path qw(make_path);
use Test::More;
use Halcyon::Spool;
use Halcyon::Test;

my $data = "$Halcyon::Test::Source/cunit/data";

# Files of an archive into the directories of an instance that does not run.  Times are kept: a message
# file's time is its internal date.
sub unpack_into {
    my ($i, $archive, @pairs) = @_;
    my $tmp = $i->path('run', 'unpacked');
    system('rm', '-rf', $tmp);
    make_path($tmp);
    system('tar', '-xzf', "$data/$archive", '-C', $tmp, '--no-same-owner') == 0 or die "tar failed\n";
    while (my ($from, $to) = splice @pairs, 0, 2) {
        make_path("$i->{dir}/$to");
        system("cp -a $tmp/$from/. $i->{dir}/$to/") == 0 or die "cp failed\n";
    }
    if ($> == 0 && $i->{account} ne 'root') { system('chown', '-R', "$i->{account}:$i->{group}", $i->{dir}) == 0 or die "chown failed\n" }
}

my $i = Halcyon::Test->new(nostart => 1, users => { map { $_ => 'secret' } qw(fred mary j.doe cyrus) },
    conf => { annotation_allow_undefined => 'yes', specialusealways => 'yes', delete_mode => 'delayed', expunge_mode => 'delayed', servername => 'h1.example',
              mailbox_initial_flags => undef });
unpack_into($i, 'cyrus-3.6.1-spool.tar.gz', 'cyrus-3.6.1-spool/cfg' => 'conf', 'cyrus-3.6.1-spool/spool' => 'spool');
$i->start;

# ---- the transcript: [user, command, [answers], status]
sub transcript {
    open my $fh, '<:raw', "$data/cyrus-3.6.1-spool.md" or die "cyrus-3.6.1-spool.md: $!";
    my ($user, @steps, $in);
    while (my $line = <$fh>) {
        chomp $line;
        last if $line =~ /^## unexpunge/;
        $user = $1 if $line =~ /^## As (?:user|admin) `([^`]+)`/ || $line =~ /^### .* \(as (\S+)\)/;
        if ($line =~ /^```/) { $in = !$in; next }
        if (!$in) {
            push @steps, [ $user, $1, [], 'OK' ] if $line =~ /^`((?:LIST|LSUB) .*)`$/;
        } elsif ($line =~ /^C: (.*)/) {
            push @steps, [ $user, $1, [], 'OK' ];
        } elsif ($line =~ /^S: a\d+ (\S+)/) {
            $steps[-1][3] = $1;
        } elsif ($line =~ /^S: (.*)/ || $line =~ /^(\* (?:LIST|LSUB) .*)/) {
            push @{ $steps[-1][2] }, $1;
        } elsif (@steps && @{ $steps[-1][2] }) {
            $steps[-1][2][-1] .= "\r\n$line";       # of a literal
        }
    }
    return @steps;
}

# FETCH lines as "sequence number" => { item => value }, flags in order of the alphabet.
sub items {
    my %f;
    for (@_) {
        my ($n, $rest) = /^\* (\d+) FETCH \((.*)\)$/s or next;
        for my $item (qw(UID RFC822.SIZE)) { $f{$n}{$item} = $1 if $rest =~ /\b\Q$item\E (\d+)/ }
        $f{$n}{INTERNALDATE} = $1 if $rest =~ /INTERNALDATE ("[^"]*")/;
        $f{$n}{MODSEQ} = $1 if $rest =~ /(?<!CREATED)MODSEQ \((\d+)\)/;
        $f{$n}{FLAGS} = join ' ', sort split ' ', $1 if $rest =~ /FLAGS \(([^)]*)\)/;
    }
    return \%f;
}

# Entries with a value in METADATA lines (the transcript has no others), in order of the alphabet; but for
# figures of the moment and literals (of which the transcript has only the heads).
sub entries {
    my @all;
    for (@_) {
        my ($box, $list) = /^\* METADATA ("[^"]*"|\S+) \((.*)\)\z/s or next;
        push @all, map { "$box $_" } grep { !m{ NIL\z|/freespace|/lastupdate"|/specialuse"} } $list =~ /"[^"]*" (?:"[^"]*"|NIL|\{\d+\}\r\n[^")]*)/g;
    }
    return [ sort map { s/\s+\z//r } @all ];
}

my (%session, %left_out);
sub session { my ($user) = @_; return $session{$user} ||= $i->imap(user => $user) }
my $box = '';
for my $step (transcript()) {
    my ($user, $command, $want, $status) = @$step;
    if ($command =~ /\(ANNOTATION/) { $left_out{ (split ' ', $command)[0] }++; next }
    $box = "$1 " if $command =~ /^EXAMINE (.*)/;
    my $where = "$user, " . ($command =~ /^FETCH/ ? $box : '') . $command;
    my $send = $command =~ /^FETCH .*EMAILID/ ? 'FETCH 1:* (UID FLAGS MODSEQ RFC822.SIZE INTERNALDATE)' : $command;
    my $r = session($user)->cmd($send);
    is($r->{status}, $status, "$where: $status") or diag $r->{text};
    next if $status ne 'OK';
    # the names of RFC 9208 stand behind those of 3.6
    my @got = map { /^\* QUOTA / ? s/(?: ANNOTATION-STORAGE \d+ \d+)?(?: MAILBOX \d+ \d+)?\)\z/)/r : $_ } @{ $r->{untagged} };
    if ($command =~ /EMAILID/) {
        is_deeply(items(@got), items(@$want), $where);
    } elsif ($command =~ /^EXAMINE/) {
        my $ours = join "\n", @got;
        for my $line (@$want) {
            (my $core = $line) =~ s/\] .*/]/;       # the words behind a code are free
            like($ours, qr/^\Q$core\E/m, "$where: $core");
        }
    } elsif ($command =~ /^STATUS/) {
        my ($w, $g) = map { my ($list) = ($_->[0] // '') =~ /\(([^()]*)\)$/; +{ split ' ', $list // '' } } $want, \@got;
        is_deeply($g, $w, $where);
    } elsif ($command =~ /^GETMETADATA/) {
        is_deeply(entries(@got), entries(@$want), $where);
    } elsif ($command =~ /HEADER\.FIELDS/) {
        s/HEADER\.FIELDS \(Subject\)/HEADER.FIELDS (SUBJECT)/i, s/\r?\n/\n/g for @got, @$want;
        is_deeply(\@got, $want, $where);
    } elsif ($command =~ /^FETCH/) {
        is_deeply(\@got, $want, $where);
    } else {
        is_deeply([ sort @got ], [ sort @$want ], $where);
    }
}
cmp_ok($left_out{FETCH}, '>', 1, 'the transcript was read');

# what the annotations and files beside do
my $fred = session('fred');
$fred->ok('EXAMINE INBOX');
is(join(' ', $fred->ok('UID FETCH 4 FLAGS')), '', 'an expunged message whose file is there does not show');
is(scalar(() = glob $i->path('spool/uuid/d/e/de27kkdiqf0x87b3maibiy1d/4.')), 1, 'its file stays');
my $admin = session('cyrus');
my $gone = 'DELETED.user.fred.Gone.6B0177B7';
is($admin->cmd("SELECT $gone")->{status}, 'NO', 'the list of rights of a deleted mailbox is kept');
$admin->ok("SETACL $gone cyrus lrs");
is($admin->cmd("SELECT $gone")->{status}, 'OK', 'an administrator gives himself the right and opens it');
unlike(join('', $fred->ok('LIST "" "DELETED*"')), qr/DELETED/, 'its owner does not see it');
my $doe = $i->imap(user => 'j.doe');
is($doe->cmd('SELECT INBOX')->{status}, 'OK', 'a user with a dot in the name');
is($fred->cmd('STATUS INBOX.Temp (MESSAGES)')->{status}, 'NO', 'the old name of a renamed mailbox is free');

# it goes on being a spool: writes follow the old values
my $r = $fred->cmd('APPEND INBOX (\Seen Project-X) "07-Jan-2023 00:00:00 +0000" ', \"Subject: new\r\n\r\nx\r\n");
like($r->{text}, qr/^\[APPENDUID 1795258294 8\]/, 'the next UID');
$fred->ok('SELECT INBOX');
my ($f) = $fred->ok('UID FETCH 8 (FLAGS MODSEQ)');
like($f, qr/Project-X/, 'with a keyword of before');
like($f, qr/MODSEQ \((?:2[3-9]|[3-9]\d)\)/, 'and a higher modseq');
$fred->ok('STORE 2 +FLAGS (\Seen)');
like(($fred->ok('GETQUOTA INBOX'))[0], qr/MESSAGE 14 1000/, 'quota counts on');
my $mary = session('mary');
$mary->ok('SELECT user.fred.Work');
$mary->ok('STORE 1:* +FLAGS (\Seen)');
$fred->ok('EXAMINE INBOX.Work');
is(items($fred->ok('FETCH 2 FLAGS'))->{2}{FLAGS} =~ /Seen/ ? 1 : 0, 0, "mary's \\Seen is her own");
$mary->ok('EXAMINE user.fred.Work');
like(items($mary->ok('FETCH 2 FLAGS'))->{2}{FLAGS}, qr/Seen/, 'and she has it');
$_->logout for values %session, $doe;
is($i->faults, '', 'no faults');
$i->stop;
is_deeply([ grep { !/ annot / } Halcyon::Spool::problems($i) ], [], 'the store is sound');

# ---- older index versions (problems() does not know message annotations, which count in the second checksum)
my $id = 'hpv7fuoipfy985f2or0ecwm1';
my $v = Halcyon::Test->new(users => { ann => 'secret', cyrus => 'secret' }, conf => { mailbox_legacy_dirs => 'yes' });
$v->create_users('ann');
my $c = $v->imap(user => 'ann');
$c->ok('CREATE INBOX.Sub');
$c->logout;
$v->stop;
# the entry of the list of mailboxes must carry the identity that the sample's header has
my $db = $v->path('conf', 'mailboxes.db');
my (undef, $all) = $v->run('cyr_dbtool', $db, 'twoskip', 'show');
my ($key, $entry) = $all =~ /^(Nuser\x1fann\x1fSub)\t(.*)$/m;
my ($old) = ($entry // '') =~ /\bI (\S+?)[ )]/;
ok($old, 'entry of the mailbox') or diag $all;
for my $row ($all =~ /^(\S*(?:Sub|\Q$old\E)\t.*)$/mg) {
    my ($k, $val) = split /\t/, $row, 2;
    $v->run('cyr_dbtool', $db, 'twoskip', 'delete', $k);
    s/\Q$old\E/$id/g for $k, $val;
    $val =~ s/\bV \d+/V 1795258757/;
    my ($st, undef, $err) = $v->run('cyr_dbtool', $db, 'twoskip', 'set', $k, $val);
    is($st, 0, 'entry changed') or diag $err;
}
sub index_version { open my $fh, '<:raw', $_[0] or return 0; read $fh, my $head, 160; return unpack 'x8 N', $head }
for my $version (6 .. 9, 12 .. 17) {
    my $dir = 'spool/user/ann/Sub';
    system('rm', '-rf', $v->path($dir));
    unpack_into($v, 'cyrus-3.6.1-index-versions.tar.gz', "cyrus-3.6.1-index-versions/v$version" => $dir);
    system('rm', '-rf', $v->path($dir, 'Deep'));
    my $index = $v->path($dir, 'cyrus.index');
    is(index_version($index), $version, "version $version: sample");
    $v->start;
    my $a = $v->imap(user => 'ann');
    my $s = $a->cmd('SELECT INBOX.Sub');
    is($s->{status}, 'OK', "version $version: opens") or diag $s->{text};
    like(join("\n", @{ $s->{untagged} }), qr/^\* 5 EXISTS$/m, "version $version: five messages");
    my $got = items($a->ok('FETCH 1:* (UID FLAGS RFC822.SIZE INTERNALDATE)'));
    is(join(' ', map { $got->{$_}{UID} // '?' } 1 .. 5), '1 3 5 6 7', "version $version: UIDs");
    is(join(' ', map { ($got->{$_}{FLAGS} // '') =~ /(Kw\d)/ ? $1 : '-' } 1 .. 5), '- - - Kw6 -', "version $version: keywords");
    is(join('', map { ($got->{$_}{FLAGS} // '') =~ /\\Seen/ ? 1 : 0 } 1 .. 5), $version >= 12 ? '11101' : '00000', "version $version: \\Seen");
    for my $n (1 .. 5) {
        my $file = $v->path($dir, "$got->{$n}{UID}.");
        is($got->{$n}{'RFC822.SIZE'}, -s $file, "version $version: size of message $n");
        my ($text) = join('', $a->ok("FETCH $n BODY.PEEK[]")) =~ /\{\d+\}\r\n(.*)\)\z/s;
        is($text, Halcyon::Test::_slurp($file), "version $version: message $n");
    }
    like($a->cmd('APPEND INBOX.Sub ', \"Subject: new\r\n\r\nx\r\n")->{text}, qr/^\[APPENDUID \d+ 8\]/, "version $version: goes on");
    $a->logout;
    $v->stop;
    is(index_version($index), 17, "version $version: is version 17 now");
    is_deeply([ grep { m{/Sub} && !/ annot / } Halcyon::Spool::problems($v) ], [], "version $version: sound");
}
is($v->faults, '', 'no faults');
done_testing;
