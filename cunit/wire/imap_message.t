# imap_message.t - APPEND FETCH STORE COPY MOVE EXPUNGE SEARCH of one client
# rfc: 6851 MOVE
# rfc: 4315 UIDPLUS
# rfc: 3691 UNSELECT
# covers: IM-01 IM-04 IM-08 IM-09 DL-17 PT-11 PT-31 PT-33
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new;
$i->create_users('alice');
my $c = $i->imap(user => 'alice');

my $one = join "\r\n", 'From: Ann Example <ann@example.org>', 'To: bob@example.org, "C, D" <cd@example.org>',
    'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=', 'Date: Mon, 02 Jan 2023 10:00:00 +0000', 'Message-ID: <m1@example.org>',
    'X-Private: yes', 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary="=_b"', '',
    '--=_b', 'Content-Type: text/plain; charset=us-ascii', '', 'first part', '--=_b',
    'Content-Type: application/pdf; name=x.pdf', 'Content-Transfer-Encoding: base64', '', 'QUJD', '--=_b--', '';
my $two = "From: z\@example.org\r\nSubject: second\r\nDate: Tue, 03 Jan 2023 10:00:00 +0000\r\n\r\nplain body text\r\n";

my $r = $c->cmd('APPEND INBOX (\Flagged work) "05-Jan-2023 06:07:08 +0000" ', \$one);
like($r->{text}, qr/^\[APPENDUID (\d+) 1\] Completed/, 'APPENDUID');
$r = $c->cmd('APPEND INBOX ', \$two);
like($r->{text}, qr/^\[APPENDUID \d+ 2\]/, 'second');
like($c->cmd('APPEND NoSuch ', \$two)->{text}, qr/^\[TRYCREATE\]/, 'TRYCREATE');
is($c->cmd('APPEND INBOX ', \"a: b\n\nbare\n")->{status}, 'NO', 'bare newlines refused');
is($c->cmd('APPEND INBOX ', \"a: b\r\n\r\nx\0y\r\n")->{status}, 'NO', 'NUL refused');
is($c->cmd('APPEND INBOX (\Recent) ', \$two)->{status}, 'BAD', '\Recent cannot be given');
is($c->cmd('NOOP')->{status}, 'OK', 'still in step');

my @u = $c->ok('SELECT INBOX');
is((grep { /EXISTS/ } @u)[0], '* 2 EXISTS', 'EXISTS');
is((grep { /RECENT/ } @u)[0], '* 2 RECENT', 'RECENT');
ok((grep { /^\* FLAGS \(\\Answered \\Flagged \\Draft \\Deleted \\Seen work\)$/ } @u), 'FLAGS');
ok((grep { /PERMANENTFLAGS \(.*\\\*\)/ } @u), 'PERMANENTFLAGS');
ok((grep { /\[UNSEEN 1\]/ } @u), 'UNSEEN');
ok((grep { /\[UIDNEXT 3\]/ } @u), 'UIDNEXT');
ok((grep { /\[HIGHESTMODSEQ \d+\]/ } @u), 'HIGHESTMODSEQ');

sub fetch1 { my ($what) = @_; my @l = $c->ok("FETCH 1 $what"); return $l[0] }
is(fetch1('FLAGS'), '* 1 FETCH (FLAGS (\Recent \Flagged work))', 'FLAGS of a message');
is(fetch1('(UID RFC822.SIZE)'), '* 1 FETCH (UID 1 RFC822.SIZE ' . length($one) . ')', 'UID and size');
like(fetch1('INTERNALDATE'), qr/INTERNALDATE "\s?0?5-Jan-2023 /, 'INTERNALDATE kept');
like(fetch1('ENVELOPE'), qr/ENVELOPE \("Mon, 02 Jan 2023 10:00:00 \+0000" "=\?utf-8\?q\?Gr=C3=BC=C3=9Fe\?=" \(\("Ann Example" NIL "ann" "example.org"\)\)/, 'ENVELOPE');
like(fetch1('ENVELOPE'), qr/\(\(NIL NIL "bob" "example.org"\)\("C, D" NIL "cd" "example.org"\)\) NIL NIL NIL "<m1\@example.org>"\)\)$/, 'ENVELOPE to the end');
like(fetch1('BODYSTRUCTURE'), qr/BODYSTRUCTURE \(\("TEXT" "PLAIN" \("CHARSET" "us-ascii"\) NIL NIL "7BIT" 10 0/, 'BODYSTRUCTURE');
like(fetch1('BODY'), qr/"MIXED"\)\)$/, 'BODY without extension data');
is(fetch1('BODY.PEEK[]'), "* 1 FETCH (BODY[] {" . length($one) . "}\r\n$one)", 'whole message');
is(fetch1('BODY.PEEK[1]'), "* 1 FETCH (BODY[1] {10}\r\nfirst part)", 'a part');
is(fetch1('BODY.PEEK[2]'), "* 1 FETCH (BODY[2] {4}\r\nQUJD)", 'another part');
like(fetch1('BODY.PEEK[1.MIME]'), qr/^\* 1 FETCH \(BODY\[1\.MIME\] \{\d+\}\r\nContent-Type: text\/plain; charset=us-ascii\r\n\r\n\)$/, 'MIME header');
is(fetch1('BODY.PEEK[9]'), '* 1 FETCH (BODY[9] NIL)', 'no such part');
is(fetch1('BODY.PEEK[]<4.5>'), "* 1 FETCH (BODY[]<4> {5}\r\n" . substr($one, 4, 5) . ')', 'partial');
is(fetch1('BODY.PEEK[]<99999.5>'), '* 1 FETCH (BODY[]<99999> "")', 'partial beyond the end');
like(fetch1('BODY.PEEK[HEADER.FIELDS (SUBJECT X-Private)]'),
     qr/BODY\[HEADER\.FIELDS \(SUBJECT X-Private\)\] \{\d+\}\r\nSubject: [^\r]+\r\nX-Private: yes\r\n\r\n\)$/, 'header fields');
unlike(fetch1('BODY.PEEK[HEADER.FIELDS.NOT (SUBJECT)]'), qr/Subject:/, 'HEADER.FIELDS.NOT');
like(fetch1('RFC822.HEADER'), qr/^\* 1 FETCH \(RFC822\.HEADER \{\d+\}\r\nFrom: /, 'RFC822.HEADER');
is(fetch1('(FLAGS)'), '* 1 FETCH (FLAGS (\Recent \Flagged work))', 'PEEK leaves \Seen alone');
my @l = $c->ok('FETCH 1 BODY[1]');
like($l[0], qr/FLAGS \(\\Recent \\Flagged \\Seen work\)/, 'BODY[] sets \Seen and says so');
is($c->cmd('FETCH 3 FLAGS')->{status}, 'BAD', 'number beyond the mailbox');
is(scalar(@{ $c->cmd('UID FETCH 77 FLAGS')->{untagged} }), 0, 'UIDs that are not there are silent');
is($c->cmd('FETCH 1 (NOSUCH)')->{status}, 'BAD', 'unknown item');
@l = $c->ok('UID FETCH 1:* (FLAGS)');
is(scalar @l, 2, 'UID FETCH of all');
like($l[1], qr/UID 2/, 'UID is in each');
@l = $c->ok('FETCH 2 ALL');
like($l[0], qr/FLAGS .* INTERNALDATE .* RFC822.SIZE .* ENVELOPE/, 'macro ALL');

# STORE
@l = $c->ok('STORE 1 +FLAGS (\Answered new)');
like((grep { /FETCH/ } @l)[0], qr/\\Answered .*work new|\\Answered .*new/, '+FLAGS');
ok((grep { /^\* FLAGS .* new\)/ } @l), 'a new keyword is announced');
is(scalar(grep { /FETCH/ } $c->ok('STORE 1 -FLAGS.SILENT (new)')), 0, 'SILENT');
@l = $c->ok('STORE 1 FLAGS (\Seen)');
is($l[0], '* 1 FETCH (FLAGS (\Recent \Seen))', 'replace');
is($c->cmd('STORE 1 +FLAGS (\Bogus)')->{status}, 'BAD', 'unknown system flag');
@l = $c->ok('UID STORE 2 +FLAGS \Deleted');
like($l[0], qr/^\* 2 FETCH \(FLAGS \(.*\\Deleted.*\) UID 2\)$/, 'UID STORE tells the UID, bare flag list');
$c->ok('STORE 2 -FLAGS (\Deleted)');
for my $n (1 .. 97) { $c->ok("STORE 1 +FLAGS.SILENT (kw$n)") }
$r = $c->cmd('STORE 1 +FLAGS (kwtoomany1 kwtoomany2 kwtoomany3)');
is($r->{status}, 'NO', 'keywords have a limit') or diag $r->{text};

# SEARCH
my @search = (
    [ 'ALL', '1 2' ], [ 'SEEN', '1' ], [ 'UNSEEN', '2' ], [ 'SUBJECT second', '2' ], [ 'FROM ann', '1' ],
    [ 'TO cd@example.org', '1' ], [ 'BODY "FIRST part"', '1' ], [ 'TEXT second', '2' ], [ 'LARGER 200', '1' ],
    [ 'SMALLER 200', '2' ], [ 'SENTON 2-Jan-2023', '1' ], [ 'SENTSINCE 3-Jan-2023', '2' ], [ 'BEFORE 6-Jan-2023', '1' ],
    [ 'HEADER X-Private yes', '1' ], [ 'HEADER X-Private ""', '1' ], [ 'NOT SEEN', '2' ], [ 'OR SUBJECT second FROM ann', '1 2' ],
    [ '(SEEN) 1', '1' ], [ 'UID 2', '2' ], [ 'KEYWORD kw1', '1' ], [ 'UNKEYWORD kw1', '2' ], [ 'KEYWORD nosuch', '' ],
    [ 'DELETED', '' ], [ '2:*', '2' ],
);
for my $s (@search) {
    my ($line) = $c->ok("SEARCH $s->[0]");
    is($line, $s->[1] eq '' ? '* SEARCH' : "* SEARCH $s->[1]", "SEARCH $s->[0]");
}
my ($u) = $c->ok('SEARCH CHARSET UTF-8 SUBJECT ', \"GR\xc3\xbcsse");
is($u, '* SEARCH 1', 'SEARCH in UTF-8, encoded subject, sharp s');
($u) = $c->ok('SEARCH CHARSET ISO-8859-1 SUBJECT ', \"gr\xfc\xdfe");
is($u, '* SEARCH 1', 'SEARCH in ISO-8859-1');
like($c->cmd('SEARCH CHARSET X-NOSUCH ALL')->{text}, qr/^\[BADCHARSET/, 'BADCHARSET');
is($c->cmd('SEARCH NOSUCHKEY')->{status}, 'BAD', 'unknown key');

# COPY, MOVE, EXPUNGE
$c->ok('CREATE INBOX.Copy');
$r = $c->cmd('COPY 1:2 INBOX.Copy');
like($r->{text}, qr/^\[COPYUID \d+ 1:2 1:2\]/, 'COPYUID');
like($c->cmd('COPY 1 INBOX.None')->{text}, qr/^\[TRYCREATE\]/, 'COPY TRYCREATE');
$r = $c->cmd('UID MOVE 2 INBOX.Copy');
like(join("\n", @{ $r->{untagged} }), qr/COPYUID \d+ 2 3\].*\n\* 2 EXPUNGE/s, 'MOVE: COPYUID, then EXPUNGE');
$c->ok('STORE 1 +FLAGS.SILENT (\Deleted)');
$c->ok('APPEND INBOX ', \$two);
$r = $c->cmd('UID EXPUNGE 3');
is(scalar(grep { /EXPUNGE/ } @{ $r->{untagged} }), 0, 'UID EXPUNGE spares what it does not name');
$r = $c->cmd('EXPUNGE');
is((grep { /EXPUNGE/ } @{ $r->{untagged} })[0], '* 1 EXPUNGE', 'EXPUNGE');
$c->ok('STORE 1 +FLAGS.SILENT (\Deleted)');
$r = $c->cmd('CLOSE');
is(scalar @{ $r->{untagged} }, 0, 'CLOSE expunges silently');
@u = $c->ok('EXAMINE INBOX');
ok((grep { /^\* 0 EXISTS/ } @u), 'and it is empty');
is($c->cmd('STORE 1 FLAGS (\Seen)')->{status} =~ /NO|BAD/ ? 1 : 0, 1, 'EXAMINE is read-only');
$c->ok('UNSELECT');
@u = $c->ok('SELECT INBOX.Copy');
is((grep { /EXISTS/ } @u)[0], '* 3 EXISTS', 'the copies');
@l = $c->ok('FETCH 1 (INTERNALDATE FLAGS)');
like($l[0], qr/5-Jan-2023/, 'a copy keeps its date');
like($l[0], qr/\\Seen/, 'and its flags');
$c->logout;

# the file is what was sent
my ($path) = glob($i->path('spool/uuid/*/*/*/1.'));
ok($path, 'message file exists');
is($i->faults, '', 'no faults');
done_testing;
