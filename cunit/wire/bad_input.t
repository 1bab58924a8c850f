# bad_input.t - hostile and broken input before and after login, in IMAP, POP3 and LMTP
# covers: IM-01 TL-01 NS-05 PO-06 DL-17
use strict;
use warnings;
use IO::Select;
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(time);
use Halcyon::Test;

use constant { MB => 1 << 20, PATIENCE => 20, GROWTH => 48 };     # PATIENCE: s; GROWTH: MB of memory
$Halcyon::Client::TIMEOUT = 20;
$SIG{PIPE} = 'IGNORE';
# freed memory goes back at once, else the sanitizer's own store of it would be measured
$ENV{ASAN_OPTIONS} = join ':', grep { $_ } $ENV{ASAN_OPTIONS}, 'quarantine_size_mb=1';

my $i = Halcyon::Test->new(tls => 1, conf => { allowapop => 'yes' });
$i->create_users(qw(alice bob carol));
$i->fill('alice', map { "From: s\@example.net\r\nSubject: message $_\r\nMessage-ID: <$_\@x>\r\n\r\nbody $_\r\n" } 1 .. 3);

# Largest memory that a process of the instance has had so far, in MB: all are in the supervisor's session.
sub peak {
    my ($max) = (0);
    for my $dir (glob '/proc/[0-9]*') {
        open my $fh, '<', "$dir/stat" or next;
        my $stat = <$fh> // '';
        my ($sid) = $stat =~ /\) \S \d+ \d+ (\d+) / or next;
        next if $sid != $i->{master};
        open my $st, '<', "$dir/status" or next;
        for (<$st>) { $max = $1 / 1024 if /^VmHWM:\s+(\d+) kB/ && $1 / 1024 > $max }
    }
    return $max;
}

sub imap_as { my ($user) = @_; return $user ? $i->imap(user => $user) : $i->imap }

# Sends bytes; returns what the server said until the pattern, the end of the connection ("closed"
# is then the last word) or the time limit ("time-out").
sub say_to {
    my ($c, $bytes, $until) = @_;
    my $w = IO::Select->new($c->{sock});
    my ($off, $said, $deadline) = (0, $c->{buf}, time + PATIENCE);
    $c->{buf} = '';
    $c->{sock}->blocking(0);
    while (time < $deadline && ($off < length $bytes || $said !~ $until)) {
        my ($r, $wr) = IO::Select->select($w, $off < length $bytes ? $w : undef, undef, 1);
        if ($wr && @$wr) {
            my $n = syswrite $c->{sock}, $bytes, MB, $off;
            if (defined $n) { $off += $n }
            elsif (!$!{EAGAIN}) { $off = length $bytes }
        }
        next unless $r && @$r;
        my $n = sysread $c->{sock}, $said, 65536, length $said;
        if (!$n) { $said .= 'closed'; last }
    }
    $said .= 'time-out' if time >= $deadline;
    $c->{sock}->blocking(1);
    return $said;
}

# ---- IMAP: whole commands.  Each is answered by its own tagged reply and the connection goes on.
sub refused {
    my ($c, $what, $status, @parts) = @_;
    my $from = time;
    my $r = eval { $c->cmd(@parts) };
    if (!$r) { fail("$what: no reply: $@"); return 0 }
    like($r->{status}, $status, "$what: $r->{status} " . substr($r->{text}, 0, 60));
    cmp_ok(time - $from, '<', 5, "$what: at once") if time - $from >= 5;
    return 1 if eval { $c->cmd('NOOP')->{status} eq 'OK' };
    fail("$what: the connection does not go on");
    return 0;
}

sub all_refused {
    my ($user, $first, @rows) = @_;
    my $open = sub { my $n = imap_as($user); $n->ok($first) if $first; return $n };
    my $c = $open->();
    for my $row (@rows) {
        my ($what, $status, @parts) = @$row;
        next if refused($c, $what, $status, @parts);
        $c->close;
        $c = $open->();
    }
    $c->close;
}

my ($BAD, $NO, $NOBAD, $OKBAD, $ANY) = (qr/^BAD$/, qr/^NO$/, qr/^(?:NO|BAD)$/, qr/^(?:OK|BAD)$/, qr/^(?:OK|NO|BAD)$/);

# before login
my $c = imap_as();
for my $line ('', ' ', 'x', 'x ', 'x  NOOP', '+ NOOP', '* NOOP', "\x80\xff\x01\x02 NOOP", "a\0b NOOP", 'x UID', 'x UID NOOP') {
    (my $show = $line) =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;
    my $said = say_to($c, "$line\r\n", qr/\n/);
    like($said, qr/^(?:\*|x) BAD /, "line \"$show\"");
    if ($said =~ /closed|BYE/) { $c->close; $c = imap_as() }
}
$c->close;
$c = imap_as();
my $said = say_to($c, join('', map { "t$_ FROBNICATE\r\n" } 1 .. 50), qr/\* BYE.*\n/);
is(scalar(() = $said =~ /^t\d+ BAD/mg), 10, 'ten unknown commands before login');
like($said, qr/^\* BYE /m, 'and the connection ends');
ok($c->closed, 'closed');

for my $size ('4294967295', '4294967296', '18446744073709551616', '99999999999999999999999999') {
    $c = imap_as();
    like(say_to($c, "x LOGIN {$size}\r\n", qr/\n/), qr/^x BAD|^\* BYE/, "literal of $size octets before login");
    $c->close;
    $c = imap_as();
    like(say_to($c, "x LOGIN {$size+}\r\n", qr/\n/), qr/^x BAD|^\* BYE/, "the same without waiting");
    $c->close;
}
for my $head ('{-1}', '{}', '{+}', '{a}', '{1', '{1-}', '{0x10}') {
    $c = imap_as();
    like(say_to($c, "x LOGIN $head\r\n", qr/\n/), qr/^x (?:BAD|NO)/, "broken literal head $head");
    $c->close;
}
$c = imap_as();
like(say_to($c, "x LOGIN {8192}\r\n", qr/\n/), qr/^x BAD/, 'a literal above the limit before login');
is($c->cmd('NOOP')->{status}, 'OK', 'goes on');
like(say_to($c, "x LOGIN {8192+}\r\n" . 'y' x 8192 . "\r\nz NOOP\r\n", qr/^z|BYE/m), qr/^x BAD.*\nz OK/, 'unannounced octets are thrown away, not run as commands');
$c->close;

my $before = peak();
$c = imap_as();
like(say_to($c, 'x' x (5 * MB) . "\r\n", qr/\n/), qr/^\* (?:BAD|BYE) /, '5 MB line before login');
$c->close;
cmp_ok(peak() - $before, '<', GROWTH, 'in little memory');

for my $word ('!!!', 'YWJj=', 'YWJj====', '=', 'A', "\x80\x81", 'AA==AA==', 'A' x 20000) {
    $c = imap_as();
    like(say_to($c, "x AUTHENTICATE PLAIN $word\r\n", qr/^[x+*]/m), qr/^(?:x (?:NO|BAD)|\* BYE|\* BAD)/,
         'bad initial response ' . substr(unpack('H*', $word), 0, 20));
    $c->close;
    $c = imap_as();
    $c->send("x AUTHENTICATE PLAIN\r\n");
    $c->line;
    like(say_to($c, "$word\r\n", qr/^(?:x|\* BAD)|BYE/m), qr/^(?:x (?:NO|BAD)|\* BYE)/m, 'the same as continuation');
    $c->close;
}
$c = imap_as();
my $id = 'ID (' . join(' ', map { qq("k$_" "v$_") } 1 .. 500) . ')';
refused($c, 'ID with 500 fields', $BAD, $id);
refused($c, 'ID with a long value', $OKBAD, 'ID ("name" "' . 'v' x 4000 . '")');
refused($c, 'ID that does not close', $BAD, 'ID (' x 100);
refused($c, 'ID of odd length', $BAD, 'ID ("name")');
$c->close;

# names: each form of CREATE, SELECT, RENAME, SUBSCRIBE, APPEND with names that must not be
my @names = ('../../../etc/passwd', 'INBOX.../..', 'INBOX./etc/passwd', 'INBOX..x', '.', '..', '.x', 'x.', 'INBOX.', 'user..x', 'user',
    'INBOX.a&b', 'INBOX.&AGE-', 'INBOX.&', 'INBOX.&-&', 'INBOX.&Jjo!-', 'INBOX.&2AA-', 'INBOX.&AAA-', 'INBOX.&AA0ACg-', "INBOX.\xc3\xa9",
    'INBOX.' . 'x' x 500, 'INBOX.' . join('.', ('y' x 20) x 60), 'INBOX.' . 'd.' x 600, '~/x', '#news.x', "INBOX.\x7f", 'DELETED.user.bob', 'user.bob.x', 'INBOX.a%b', 'INBOX.a*b', 'INBOX.!x');
my @raw = ("INBOX.a\r\nb NOOP", "INBOX.a\nb", "INBOX.a\0b", "\0", "INBOX.\r", '', "INBOX.\x01\x02", "INBOX.\xff\xfe", 'z' x MB);
my @rows;
for my $n (@names, @raw) {
    (my $show = length $n > 40 ? substr($n, 0, 40) . '...' : $n) =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;
    push @rows, [ "CREATE $show", $NOBAD, 'CREATE ', \$n ], [ "SELECT $show", $NOBAD, 'SELECT ', \$n ],
        [ "RENAME to $show", $NOBAD, 'RENAME INBOX.keep ', \$n ], [ "RENAME from $show", $NOBAD, 'RENAME ', \$n, ' INBOX.neu' ],
        [ "STATUS $show", $NOBAD, 'STATUS ', \$n, ' (MESSAGES)' ], [ "DELETE $show", $NOBAD, 'DELETE ', \$n ];
}
$c = imap_as('alice');
$c->ok('CREATE INBOX.keep');
$c->close;
all_refused('alice', undef, @rows);
$c = imap_as('alice');
is(join(' ', sort map { /"\." (\S+)/ } $c->ok('LIST "" "*"')), 'INBOX INBOX.keep', 'nothing was made or renamed');
$c->close;

# nesting, counts, numbers
my $set = join ',', map { 2 * $_ } 1 .. 60_000;
all_refused('alice', 'SELECT INBOX',
    [ 'unknown command', $BAD, 'XFROB' ], [ 'unknown UID command', $BAD, 'UID XFROB 1' ], [ 'command of 100 kB', $BAD, 'Q' x 100_000 ],
    [ 'parentheses in SEARCH', $BAD, 'SEARCH ' . '(' x 200_000 ], [ 'closed ones', $BAD, 'SEARCH ' . '(' x 200_000 . 'ALL' . ')' x 200_000 ],
    [ 'only closing ones', $BAD, 'SEARCH ' . ')' x 200_000 ],
    [ 'NOT chain', $BAD, 'SEARCH ' . 'NOT ' x 100_000 . 'ALL' ], [ 'OR chain', $BAD, 'SEARCH ' . 'OR ' x 100_000 . 'ALL' ],
    [ 'OR of many', $BAD, 'SEARCH ' . 'OR SEEN ' x 50_000 . 'ALL' ], [ '100,000 keys', $BAD, 'SEARCH ' . join ' ', ('ALL') x 100_000 ],
    [ 'unknown key', $BAD, 'SEARCH FROB' ], [ 'no key', $BAD, 'SEARCH' ], [ 'unknown charset', $NO, 'SEARCH CHARSET X-FROBNICATE TEXT x' ],
    [ 'text that its charset cannot hold', $ANY, 'SEARCH CHARSET UTF-8 SUBJECT ', \"\xff\xfe" ],
    [ 'NUL in a search', $BAD, 'SEARCH SUBJECT ', \"a\0b" ], [ 'empty key', $ANY, 'SEARCH SUBJECT ""' ], [ 'empty header name', $ANY, 'SEARCH HEADER "" ""' ],
    (map { [ "date $_", $BAD, "SEARCH SINCE $_" ] } '32-Jan-2020', '0-Jan-2020', '29-Feb-2021', '1-Foo-2020', '1-Jan-20', '1-Jan-99999', '-1-Jan-2020', '""', '1-Jan-2020x'),
    (map { [ "number $_", $BAD, "SEARCH LARGER $_" ] } '-1', '99999999999999999999999', 'x', '1x', '""'),
    (map { [ "set $_", $BAD, "FETCH $_ FLAGS" ] } '0', '-1', '1:0', '4294967296', '18446744073709551617', '1,,2', ',1', '1,', ':', '1:', '*:*:*', 'x', '1;2', '1:99999999999'),
    [ 'number beyond the mailbox', $OKBAD, 'FETCH 4294967295 FLAGS' ],
    [ 'set of 60,000', $OKBAD, "UID FETCH $set FLAGS" ], [ 'the same for SEARCH', $OKBAD, "SEARCH UID $set" ], [ 'for STORE', $OKBAD, "UID STORE $set +FLAGS.SILENT (\\Seen)" ],
    [ 'for COPY', $ANY, "UID COPY $set INBOX.keep" ], [ 'set of 10,000 ones', $OKBAD, 'FETCH ' . join(',', (1) x 10_001) . ' FLAGS' ],
    [ 'FETCH items', $BAD, 'FETCH 1 (' . join(' ', ('BODY.PEEK[HEADER]') x 20_000) . ')' ], [ 'FETCH parentheses', $BAD, 'FETCH 1 ' . '(' x 100_000 ],
    [ 'no items', $BAD, 'FETCH 1 ()' ], [ 'unknown item', $BAD, 'FETCH 1 FROB' ],
    [ 'part number of 50,000 levels', $OKBAD, 'FETCH 1 BODY[' . join('.', (1) x 50_000) . ']' ],
    (map { [ "section [$_]", $BAD, "FETCH 1 BODY[$_]" ] } '0', '-1', '4294967296', '1..2', '.1', '1.', '1.FROB', 'MIME', 'HEADER.FIELDS', 'HEADER.FIELDS ()', 'HEADER.FIELDS (A', 'TEXT.1'),
    (map { [ "partial $_", $BAD, "FETCH 1 BODY[]$_" ] } '<', '<1', '<-1.2>', '<1.0>', '<1.99999999999999999999>', '<99999999999999999999.1>', '<a.b>', '<1.2>>'),
    [ 'partial behind the end', qr/^OK$/, 'FETCH 1 BODY[]<4294967290.4294967295>' ],
    [ '5,000 header names', $OKBAD, 'FETCH 1 BODY[HEADER.FIELDS (' . join(' ', map { "X-$_" } 1 .. 5_000) . ')]' ],
    [ 'FETCH modifier', $BAD, 'FETCH 1 FLAGS (FROB 1)' ], [ 'CHANGEDSINCE', $BAD, 'FETCH 1 FLAGS (CHANGEDSINCE 99999999999999999999999)' ],
    [ 'flags of STORE', $NOBAD, 'STORE 1 +FLAGS (' . join(' ', map { "k$_" } 1 .. 5_000) . ')' ], [ 'a long flag', $NOBAD, 'STORE 1 +FLAGS (' . 'k' x 100_000 . ')' ],
    (map { [ "flag $_", $NOBAD, "STORE 1 +FLAGS ($_)" ] } '\\Frob x', '\\', '\\\\', '"x"', '\\*', "k\x80", 'a]b c)', '(a)'),
    [ 'STORE of nothing', $BAD, 'STORE 1' ], [ 'STORE FROB', $BAD, 'STORE 1 FROB (\\Seen)' ], [ '\\Recent', $NOBAD, 'STORE 1 +FLAGS (\\Recent)' ],
    [ 'LIST of wildcards', $OKBAD, 'LIST "" "' . '*%' x 20_000 . '"' ], [ 'LIST with letters', $OKBAD, 'LIST "" "' . '*a%b' x 5_000 . '"' ],
    [ 'LIST reference', $ANY, 'LIST "' . '../' x 1000 . '" "*"' ], [ 'LSUB of wildcards', $OKBAD, 'LSUB "" "' . '%*' x 20_000 . '"' ], [ 'LIST options', $BAD, 'LIST (' x 1000 ],
    [ 'LIST of many patterns', $ANY, 'LIST "" (' . join(' ', ('*') x 10_000) . ')' ],
    [ 'STATUS items', $BAD, 'STATUS INBOX (' . 'FROB ' x 10 . ')' ], [ 'STATUS parentheses', $BAD, 'STATUS INBOX ' . '(' x 100_000 ],
    [ 'ACL rights', $NOBAD, 'SETACL INBOX bob +' . '!' x 50 ], [ 'ACL user', $NOBAD, 'SETACL INBOX ', \"bob\tlrs\nx", ' lrs' ], [ 'quota', $NOBAD, 'SETQUOTA "" (STORAGE -1)' ],
    [ 'quoted string with CR', $BAD, "LIST \"\" \"a\rb\"" ], [ 'quoted string that does not end', $BAD, 'LIST "" "abc' ], [ 'wrong escape', $BAD, 'LIST "" "a\\b"' ],
    [ 'NUL in the line', $BAD, "LIST \"\" a\0b" ], [ '8-bit octets', $NOBAD, "SELECT \xff\xfe\xfd" ],
    [ 'literal of 4 GB', $NOBAD, 'APPEND INBOX {4294967295}' ], [ 'literal of 2^64', $NOBAD, 'APPEND INBOX {18446744073709551616}' ],
    [ 'empty APPEND', $NOBAD, 'APPEND INBOX ', \'' ], [ 'APPEND date', $NOBAD, 'APPEND INBOX "31-Feb-2020 00:00:00 +0000" ', \"a: b\r\n\r\n" ],
    [ 'APPEND zone', $NOBAD, 'APPEND INBOX "01-Feb-2020 25:00:00 +9900" ', \"a: b\r\n\r\n" ], [ 'APPEND of NUL', $NOBAD, 'APPEND INBOX ', \"a: b\r\n\r\n\0" ],
    [ 'APPEND nowhere', $NO, 'APPEND INBOX.none ', \"a: b\r\n\r\n" ], [ 'SELECT literal of 9 MB', $NOBAD, 'SELECT {9437184}' ],
    [ 'ENABLE of much', $ANY, 'ENABLE ' . join ' ', ('X') x 20_000 ], [ 'arguments too many', $BAD, 'NOOP x' ], [ 'blank at the end', $ANY, 'NOOP ' ]);
$c = imap_as('alice');
is(($c->ok('STATUS INBOX (MESSAGES)'))[0], '* STATUS INBOX (MESSAGES 3)', 'INBOX is as it was');
like(say_to($c, "x SELECT {9437184+}\r\n" . 'y' x 9437184 . "\r\nz NOOP\r\n", qr/^z |BYE|closed/m), qr/^x BAD|^\* BYE/m, 'nonsynchronising literal above the limit');
$c->close;
$c = imap_as('alice');
like(say_to($c, "x APPEND INBOX {4294967295+}\r\n", qr/\n/), qr/^x (?:NO|BAD)|^\* BYE/, 'nonsynchronising APPEND of 4 GB');
$c->close;
$c = imap_as('alice');
$c->send("x IDLE\r\n");
$c->line;
like(say_to($c, "FROB\r\n", qr/^x /m), qr/^x BAD/m, 'IDLE ended by another word');
$c->close;

# 200 MB in one line, 50 MB of garbage
for my $what ([ 'one line', 'A', 200 ], [ 'lines without a command', "\xff" x 30 . "\r\n", 50 ]) {
    my ($name, $unit, $mb) = @$what;
    $c = imap_as('alice');
    $before = peak();
    my $block = $unit x (MB / length $unit);
    my ($sent, $gone, $deadline) = (0, 0, time + 120);
    my $s = IO::Select->new($c->{sock});
    while ($sent < $mb && !$gone && time < $deadline) {
        $gone = 1 unless $s->can_write(30);
        eval { local $SIG{ALRM} = sub { die "stuck\n" }; alarm 30; $c->send($block); alarm 0; 1 } or $gone = 1;
        alarm 0;
        $sent++;
        while ($s->can_read(0)) { sysread($c->{sock}, my $drop, 1 << 20) or do { $gone = 1; last } }
    }
    ok($gone || $sent == $mb, "$mb MB, $name: sent $sent MB");
    my $grown = peak() - $before;
    cmp_ok($grown, '<', GROWTH, sprintf '%d MB, %s: memory grew by %.0f MB', $mb, $name, $grown);
    $c->close;
}

# ---- a client that stops reading, and another on the same mailbox
my $big = join '', map { "line $_ of a long message body, repeated to fill the socket's buffers\r\n" } 1 .. 30_000;
$c = imap_as('carol');
$c->ok('APPEND INBOX ', \"Subject: big $_\r\n\r\n$big") for 1 .. 4;
$before = peak();
my $stuck = imap_as('carol');
$stuck->ok('SELECT INBOX');
$stuck->send("s$_ FETCH 1:* BODY.PEEK[]\r\n") for 1 .. 10;
my $lmtp = $i->lmtp;
$lmtp->lmtp_cmd('LHLO stuck');
for my $round (1 .. 3) {
    my $from = time;
    $c->ok('SELECT INBOX');
    $c->ok('STORE 1:* +FLAGS (\Flagged)');
    $c->ok('APPEND INBOX ', \"Subject: small\r\n\r\nx\r\n");
    like(($lmtp->deliver('a@b', ['carol'], "Subject: new $round\r\n\r\nx\r\n"))[0], qr/^250/, 'delivery into the mailbox of a client that does not read');
    $c->ok('FETCH 1:* (FLAGS ENVELOPE)');
    $c->ok('UID STORE 5:* +FLAGS (\Deleted)');
    $c->ok('EXPUNGE');
    my $o = imap_as('bob');
    $o->ok('SELECT INBOX');
    $o->logout;
    cmp_ok(time - $from, '<', 5, 'others are served meanwhile');
}
cmp_ok(peak() - $before, '<', GROWTH, 'answers that nobody reads do not pile up in memory');
$stuck->close;
$c->close;

# ---- bytes sent behind STARTTLS must not be run after the handshake
for my $row ([ 'POP3', sub { $i->pop3 }, "STLS\r\nCAPA\r\nUSER alice\r\nPASS secret\r\n", qr/^\+OK[^\n]*\n/ ],
             [ 'LMTP', sub { my $l = $i->lmtp; $l->lmtp_cmd('LHLO x'); $l }, "STARTTLS\r\nLHLO y\r\nMAIL FROM:<a\@b>\r\n", qr/^220[^\n]*\n/ ]) {
    my ($name, $open, $bytes, $reply) = @$row;
    my $p = $open->();
    my $got = say_to($p, $bytes, qr/\n/);
    like($got, $reply, "$name: STARTTLS accepted");
    $got =~ s/$reply//;
    $p->{buf} = '';
    my $rest = eval { local $Halcyon::Client::TIMEOUT = 2; $p->_fill; $p->{buf} } // '';
    unlike("$got$rest", qr/^(?:\+OK|250|-ERR|\d{3} )/m, "$name: the bytes behind it are not answered");
    $p->close;
}

# ---- POP3
sub pop_as { my ($user) = @_; my $p = $i->pop3; if ($user) { $p->pop_cmd("USER $user"); like($p->pop_cmd('PASS secret'), qr/^\+OK/, "POP3 as $user") } return $p }
my $p = pop_as();
for my $line ('', ' ', 'FROB', "\x80\xff", "A\0B", 'USER', 'PASS', 'PASS x', 'APOP', 'APOP x', 'AUTH NOSUCH') {
    my $got = say_to($p, "$line\r\n", qr/\n/);
    like($got, qr/^-ERR/, 'POP3 before login: ' . unpack 'H*', $line);
    if ($got =~ /closed/ || !eval { $p->pop_cmd('CAPA') =~ /^\+OK/ }) { $p->close; $p = pop_as() } else { $p->line while $p->{buf} !~ /^\.\r\n\z/m && 0; $p->close; $p = pop_as() }
}
$p->close;
$p = pop_as();
like(say_to($p, join('', map { "FROB$_\r\n" } 1 .. 50), qr/closed/), qr/^(?:-ERR[^\n]*\n){1,12}closed\z/, 'too many of them end the connection');
for my $word ('!!!', 'YWJj=', 'A', 'A' x 15000) {
    $p = pop_as();
    like(say_to($p, "AUTH PLAIN\r\n$word\r\n", qr/-ERR.*\n|closed/), qr/-ERR|closed/, 'bad base64 in AUTH');
    $p->close;
}
$before = peak();
for my $user (undef, 'alice') {
    $p = pop_as($user);
    like(say_to($p, 'RETR ' . 'x' x (5 * MB) . "\r\n", qr/\n/), qr/^-ERR|closed/, '5 MB line' . ($user ? ' after login' : ''));
    if ($user) { like($p->pop_cmd('NOOP'), qr/^\+OK/, 'goes on'); $p->pop_cmd('QUIT') }
    $p->close;
}
cmp_ok(peak() - $before, '<', GROWTH, 'in little memory');
$p = pop_as('bob');
$i->fill('bob', "Subject: one\r\n\r\nx\r\n");
$p->pop_cmd('QUIT');
$p = pop_as('bob');
for my $n ('0', '-1', '2', '4294967296', '4294967297', '18446744073709551617', 'x', '1x', '1 2 3', '"1"', '+1') {
    like($p->pop_cmd("$_ $n"), qr/^-ERR/, "$_ $n") for qw(RETR DELE LIST UIDL);
    next if $n eq '1 2 3';
    like($p->pop_cmd("TOP $n 1"), qr/^-ERR/, "TOP $n 1");
}
like($p->pop_cmd("TOP 1 $_"), qr/^-ERR/, "TOP 1 $_") for '-1', 'x', '';
like($p->pop_cmd($_), qr/^-ERR/, $_) for 'RETR', 'DELE', 'TOP', 'TOP 1';
is($p->pop_cmd('STAT') =~ /^\+OK 1 / ? 1 : 0, 1, 'nothing was marked');
$p->pop_cmd('QUIT');
$p->close;

# ---- LMTP
sub lmtp { my $l = $i->lmtp; $l->lmtp_cmd('LHLO client'); return $l }
my $l = lmtp();
for my $line ('', ' ', 'FROB', "\x80\xff", "A\0B", 'MAIL', 'MAIL FROM', 'MAIL FROM:', 'MAIL FROM:<', 'MAIL FROM:<a@b', 'MAIL FROM:<a@b>x', 'MAIL FROM:<a b@c>', "MAIL FROM:<a\0b\@c>", "MAIL FROM:<a\rb\@c>",
              "MAIL FROM:<a\x01\@c>", 'MAIL FROM:<' . 'a' x 3000 . '@b>', 'MAIL FROM:<a@' . 'b' x 3000 . '>', 'MAIL FROM:<a@b> SIZE=-1', 'MAIL FROM:<a@b> SIZE=99999999999999999999999',
              'MAIL FROM:<a@b> BODY=FROB', 'MAIL FROM:<a@b> AUTH=+ZZ', 'LHLO', "LHLO a\x01b", 'LHLO ' . 'x' x 1000, 'MAIL FROM:<' . '"' x 100 . '@b>') {
    like($l->lmtp_cmd($line), qr/^5\d\d /m, 'LMTP: ' . substr($line =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger, 0, 50));
}
is($l->lmtp_cmd('MAIL FROM:<a@b>'), '250 2.1.0 ok', 'and goes on');
for my $to ('', '<', '<alice', '<alice>x', '<al ice>', "<al\0ice>", "<alice\x07>", '<' . 'a' x 3000 . '>', '<../../etc/passwd>', '<alice+../../../x>', '<"alice>', '<alice@' . 'c' x 3000 . '>', '<>', '<+>', '<@>') {
    like($l->lmtp_cmd("RCPT TO:$to"), $to =~ /\.\.\/x|^<@>$/ ? qr/^[25]\d\d /m : qr/^5\d\d[ -]/m, 'LMTP: RCPT TO:' . substr($to =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger, 0, 40));
}
$l->lmtp_cmd('RSET');
$before = peak();
like(say_to($l, 'MAIL FROM:<' . 'x' x (5 * MB) . "\r\n", qr/\n/), qr/^5|closed/, '5 MB command line');
cmp_ok(peak() - $before, '<', GROWTH, 'in little memory');
$l->close;

# messages that hurt
my $nest = "Subject: nest\r\nMIME-Version: 1.0\r\n" . join('', map { "Content-Type: multipart/mixed; boundary=b$_\r\n\r\n--b$_\r\n" } 1 .. 20_000) . "Content-Type: text/plain\r\n\r\ndeep\r\n";
my %hurt = (
    'MIME of 20,000 levels' => $nest,
    'messages in messages' => "Subject: rfc822\r\n" . "Content-Type: message/rfc822\r\n\r\n" x 20_000 . "x: y\r\n\r\nz\r\n",
    '50,000 parts' => "Content-Type: multipart/mixed; boundary=x\r\n\r\n" . "--x\r\n\r\na\r\n" x 50_000 . "--x--\r\n",
    '100,000 addresses' => "Subject: many\r\nTo: " . join(",\r\n ", map { "u$_\@example.org" } 1 .. 100_000) . "\r\n\r\nx\r\n",
    'a header without end' => 'Subject: ' . join("\r\n ", ('endless') x 200_000) . "\r\n",
    '50,000 header lines' => join('', map { "X-H$_: v\r\n" } 1 .. 50_000) . "\r\nx\r\n",
    'a line of 4 MB' => "Subject: long\r\n\r\n" . 'l' x (4 * MB) . "\r\n",
    'a header line of 4 MB' => 'Subject: ' . 'l' x (4 * MB) . "\r\n\r\nx\r\n",
    'comments in comments' => 'From: ' . '(' x 100_000 . "a\@b\r\nSubject: paren\r\n\r\nx\r\n",
    'quotes that do not end' => "From: \"" . 'q\\' x 50_000 . "\r\nDate: " . '9' x 1000 . "\r\n\r\nx\r\n",
    'groups in groups' => 'To: ' . 'g: ' x 50_000 . "\r\n\r\nx\r\n",
    'parameters' => 'Content-Type: text/plain; ' . join('; ', map { "p*$_*=utf-8''x" } 0 .. 20_000) . "\r\n\r\nx\r\n",
    'encoded words' => 'Subject: ' . '=?utf-8?Q?=' x 50_000 . "\r\n\r\nx\r\n",
    'boundary of 100 kB' => 'Content-Type: multipart/mixed; boundary="' . 'b' x 100_000 . "\"\r\n\r\n--" . 'b' x 100_000 . "\r\n\r\nx\r\n",
    'empty message' => "\r\n",
    'only line ends' => "\r\n" x 100_000,
);
my $uid = 0;
$before = peak();
for my $what (sort keys %hurt) {
    my $from = time;
    my $in = lmtp();
    my ($r) = eval { $in->deliver('a@b', ['bob'], $hurt{$what}) };
    $in->close;
    like($r // "no reply: $@", qr/^[245]\d\d/, "$what: " . substr($r // '', 0, 40));
    my $m = imap_as('bob');
    my ($n) = map { /^\* (\d+) EXISTS/ } $m->ok('SELECT INBOX');
    if ($r && $r !~ /^250/) {
        is($n, 1, "$what: refused, and nothing was stored");
        $m->logout;
        next;
    }
    is($n, 2, "$what: is there");
    for my $item ('ENVELOPE', 'BODYSTRUCTURE', 'BODY', 'RFC822.SIZE', 'BODY.PEEK[]', 'BODY.PEEK[TEXT]<0.100>', 'BODY.PEEK[1.1.1.1]', 'BODY.PEEK[1.MIME]', 'BODY.PEEK[HEADER.FIELDS (To Subject)]') {
        my $f = eval { $m->cmd("FETCH $n $item") } or do { fail("$what: $item: $@"); $m = imap_as('bob'); $m->ok('SELECT INBOX'); next };
        is($f->{status}, 'OK', "$what: $item");
    }
    is($m->cmd('SEARCH TEXT nowhere-to-be-found')->{status}, 'OK', "$what: SEARCH");
    is($m->cmd("STORE $n +FLAGS (\\Deleted)")->{status}, 'OK', "$what: STORE");
    $m->cmd('EXPUNGE');
    $m->logout;
    cmp_ok(time - $from, '<', PATIENCE, sprintf '%s: in %.1f s', $what, time - $from);
}
my $grown = peak() - $before;
cmp_ok($grown, '<', 4 * GROWTH, sprintf 'memory for all of them: %.0f MB', $grown);

# ---- and still everybody is served
$i->fill('carol', "Subject: after all\r\n\r\nfine\r\n");
$c = imap_as('carol');
$c->ok('SELECT INBOX');
like(join('', $c->ok('FETCH * BODY.PEEK[TEXT]')), qr/fine/, 'another user is served');
$c->logout;
is($i->faults, '', 'no faults');
my $status = $i->stop;
is($status, 0, 'the supervisor ends cleanly');
done_testing;
