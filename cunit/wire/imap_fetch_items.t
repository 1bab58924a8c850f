# imap_fetch_items.t - FETCH of extensions: decoded parts, previews, ids, digests, save dates, pages
# rfc: 8970 PREVIEW
# rfc: 3516 BINARY
# rfc: 8474 OBJECTID
# rfc: 8514 SAVEDATE
# rfc: 9394 PARTIAL
# rfc: - DIGEST=SHA1
# covers: PT-31 IM-13 IM-14 IM-20 AC-03
use strict;
use warnings;
use Digest::SHA qw(sha1_hex);
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new;
$i->create_users(qw(alice bob));
my $a = $i->imap(user => 'alice');
sub answer { my ($r) = @_; return join ' | ', @{ $r->{untagged} }, "$r->{status} $r->{text}" }
sub fetch { my ($what, $c) = @_; return join ' | ', map { /^\* \d+ FETCH \((.*)\)\z/s } ($c || $a)->ok("FETCH $what") }

my $inner = "Subject: inner\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD\r\n";
my @m = (
    "From: a\@b.c\r\nSubject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n"
    . "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHello =C3=A4 world=20\r\nline2=\r\n more\r\n"
    . "--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAwQF\r\n"
    . "--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: x-weird\r\n\r\n<b>x</b>\r\n"
    . "--b\r\nContent-Type: message/rfc822\r\n\r\n$inner--b--\r\n",
    "Subject: plain\r\n\r\nfirst words\r\n> quoted\r\nmore\r\n-- \r\nsignature\r\n",
    "Subject: b64\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJDREVG\r\n",
    "Subject: nothing\r\n\r\n",
    "Subject: large\r\nContent-Transfer-Encoding: base64\r\n\r\n" . join('', map { 'QUJD' x 18 . "\r\n" } 1 .. 2000),
);
$a->ok('APPEND INBOX ', \$_) for @m;
$a->ok('SELECT INBOX');

# BINARY (RFC 3516)
is(fetch('1 BINARY.PEEK[1]'), "BINARY[1] {27}\r\nHello \xc3\xa4 world \r\nline2 more", 'quoted-printable is undone');
is(fetch('1 (BINARY.PEEK[2] BINARY.SIZE[2])'), "BINARY[2] ~{6}\r\n\0\1\2\3\4\5 BINARY.SIZE[2] 6", 'base64 too; a NUL makes a literal8');
is(fetch('1 BINARY.PEEK[2]<2.2>'), "BINARY[2]<2> {2}\r\n\2\3", 'a partial of what is decoded, without NUL a literal');
is(fetch('1 BINARY.PEEK[2]<9.2>'), 'BINARY[2]<9> ""', 'behind the end');
is(fetch('1 (BINARY.PEEK[1]<3.100> BINARY.SIZE[1])'), "BINARY[1]<3> {24}\r\nlo \xc3\xa4 world \r\nline2 more BINARY.SIZE[1] 27", 'beyond the end');
is(answer($a->cmd("FETCH 1 $_")), 'NO [UNKNOWN-CTE] The encoding of a part is unknown', "$_: unknown encoding") for 'BINARY.PEEK[3]', 'BINARY.SIZE[3]', '(UID BODY.PEEK[] BINARY.PEEK[3])';
is(fetch('1 (BINARY.PEEK[4] BINARY.SIZE[4])'), 'BINARY[4] {' . (length($inner) - 2) . "}\r\n" . substr($inner, 0, -2) . ' BINARY.SIZE[4] ' . (length($inner) - 2), 'a message is not decoded inside');
is(fetch('1 (BINARY.PEEK[4.1] BINARY.SIZE[4.1])'), "BINARY[4.1] {3}\r\nABC BINARY.SIZE[4.1] 3", 'but its part is');
is(fetch('1 (BINARY.PEEK[5] BINARY.SIZE[5])'), 'BINARY[5] NIL BINARY.SIZE[5] 0', 'no such part');
is(fetch('1 (BINARY.PEEK[] BINARY.SIZE[])'), 'BINARY[] {' . length($m[0]) . "}\r\n$m[0] BINARY.SIZE[] " . length($m[0]), 'the message as it is');
is(fetch('3 (BINARY.PEEK[1] BODY.PEEK[1])'), "BINARY[1] {6}\r\nABCDEF BODY[1] {10}\r\nQUJDREVG\r\n", 'next to BODY');
is(fetch('4 (BINARY.PEEK[1] BINARY.SIZE[1])'), 'BINARY[1] "" BINARY.SIZE[1] 0', 'empty');
is(fetch('5 BINARY.PEEK[1]'), "BINARY[1] {108000}\r\n" . 'ABC' x 36000, 'large');
is(fetch('5 BINARY.PEEK[1]<107998.10>'), "BINARY[1]<107998> {2}\r\nBC", 'its end');
is($a->cmd("FETCH 1 $_")->{status}, 'BAD', "$_: BAD") for 'BINARY', 'BINARY.PEEK', 'BINARY[1.MIME]', 'BINARY[TEXT]', 'BINARY[HEADER]', 'BINARY.SIZE[1]<0.5>', 'BINARY[1]<0>', 'BINARY[1]<0.0>', 'BINARY.SIZE.PEEK[1]', 'BINARY[0]', 'BINARY[1';
is(fetch('1:3 FLAGS'), 'FLAGS (\Recent) | FLAGS (\Recent) | FLAGS (\Recent)', 'PEEK and SIZE do not set \Seen');
is(fetch('3 BINARY[1]'), "FLAGS (\\Recent \\Seen) BINARY[1] {6}\r\nABCDEF", 'BINARY does');

# PREVIEW (RFC 8970)
is(fetch('2 PREVIEW'), 'PREVIEW "first words more"', 'PREVIEW');
is(fetch('1 (UID PREVIEW)'), "UID 1 PREVIEW {25}\r\nHello \xc3\xa4 world line2 more", 'UTF-8');
is(fetch('4 PREVIEW'), 'PREVIEW ""', 'nothing to show: empty, not NIL');
is(fetch('2 (PREVIEW (LAZY) UID)'), 'UID 2 PREVIEW "first words more"', 'LAZY');
is(fetch('2 PREVIEW (LAZY)'), 'PREVIEW "first words more"', 'alone');
is(fetch('2 (PREVIEW (LAZY lazy))'), 'PREVIEW "first words more"', 'twice');
is(fetch('2 PREVIEW (CHANGEDSINCE 1)') =~ s/ ?MODSEQ \(\d+\) ?//r, 'PREVIEW "first words more"', 'alone, with a modifier');
is($a->cmd("FETCH 2 $_")->{status}, 'BAD', "$_: BAD") for '(PREVIEW ())', '(PREVIEW (FUZZY))', '(PREVIEW (LAZY NOSUCH))', '(PREVIEW (LAZY=FUZZY))', 'PREVIEW (LAZY', 'PREVIEW (NOSUCH)', '(PREVIEW(LAZY))';
is(fetch('2 FLAGS'), 'FLAGS (\Recent)', 'it does not set \Seen');
unlike(length((fetch('5 PREVIEW') =~ /"(.*)"/)[0]), qr/^(?:2(?:0[1-9]|[1-9]\d)|\d{4,})$/, 'at most 200 characters');

# ids, digests, dates (RFC 8474, RFC 8514, and 3.6's own)
my $sha = sha1_hex($m[0]);
is(fetch('1 DIGEST.SHA1'), "DIGEST.SHA1 $sha", 'DIGEST.SHA1');
is(fetch('1 EMAILID'), 'EMAILID (M' . substr($sha, 0, 24) . ')', 'EMAILID');
like(fetch('1 THREADID'), qr/^THREADID (?:NIL|\(T[0-9a-f]{16}\))$/, 'THREADID');
is(fetch('1 RFC822.FILESIZE'), 'RFC822.FILESIZE ' . length $m[0], 'RFC822.FILESIZE');
like(fetch('2 (CREATEDMODSEQ)'), qr/^CREATEDMODSEQ \(\d+\)$/, 'CREATEDMODSEQ');
like(fetch('1 SAVEDATE'), qr/^SAVEDATE "[ \d]\d-\w{3}-\d{4} \d\d:\d\d:\d\d [+-]\d{4}"$/, 'SAVEDATE');
$a->ok('APPEND INBOX (\Seen) "17-Jul-1996 02:44:25 -0700" ', \$m[0]);
my ($internal, $saved) = fetch('6 (INTERNALDATE SAVEDATE)') =~ /INTERNALDATE "(.*?)" SAVEDATE "(.*?)"/;
like($internal, qr/-1996 /, 'INTERNALDATE is what the client says');
unlike($saved, qr/-1996 /, 'SAVEDATE is not');
$a->ok('CREATE INBOX.copy');
$a->ok('COPY 6 INBOX.copy');
my $before = fetch('6 (DIGEST.SHA1 EMAILID)');
$a->ok('SELECT INBOX.copy');
is(fetch('1 (DIGEST.SHA1 EMAILID)'), $before, 'a copy has the same ids');
is($a->cmd("FETCH 1 $_")->{status}, 'BAD', "$_: BAD") for 'DIGEST', 'DIGEST.MD5', 'EMAILID.X', 'SAVEDATE[1]';
$a->ok('SELECT INBOX');

# pages (RFC 9394): positions among the messages of the set
my $page = sub { return join ',', map { /^\* (\d+) FETCH/ } $a->ok("UID FETCH $_[0]") };
is($page->('1:* UID (PARTIAL 1:2)'), '1,2', 'from the front');
is($page->('1:* UID (PARTIAL 2:1)'), '1,2', 'in either order');
is($page->('1:* UID (PARTIAL -1:-2)'), '5,6', 'from the end');
is($page->('2,4:6 UID (PARTIAL 2:3)'), '4,5', 'of the set');
is($page->('2,4:6 UID (PARTIAL -3:-3)'), '4', 'one');
is($page->('1:* UID (PARTIAL 6:100)'), '6', 'beyond the end');
is($page->('1:* UID (PARTIAL 7:100)'), '', 'nothing there');
is($page->('1:* UID (PARTIAL -5:-100)'), '1,2', 'beyond the front');
is($page->('1:* UID (PARTIAL -7:-4294967295)'), '', 'nothing there');
is($page->('1:* UID (PARTIAL 1:4294967295 CHANGEDSINCE 99999)'), '', 'with CHANGEDSINCE');
my $mod = (fetch('5 MODSEQ') =~ /(\d+)/)[0];
is($page->("1:* UID (CHANGEDSINCE $mod PARTIAL -1:-2)"), '6', 'first the page, then what changed');
is($a->cmd($_)->{status}, 'BAD', "$_: BAD") for 'FETCH 1:* UID (PARTIAL 1:2)', map { "UID FETCH 1:* UID (PARTIAL $_)" } '', '0:1', '1:0', '1:-2', '-1:2', '1', '1:2 PARTIAL 1:2', '1:4294967296', '*:1';

# CHANGEDSINCE: what is not told is not \Seen either
$a->ok('STORE 1:6 -FLAGS.SILENT (\Seen)');
$mod = ($a->ok('STATUS INBOX (HIGHESTMODSEQ)'))[0] =~ s/.* (\d+)\)/$1/r;
is(scalar(@{ [ $a->ok("FETCH 1:* BODY[TEXT] (CHANGEDSINCE $mod)") ] }), 0, 'nothing changed: nothing told');
unlike(fetch('1:* FLAGS'), qr/Seen/, 'and nothing seen');

# rights: r alone is enough to read, and sets no \Seen
my $admin = $i->imap(user => 'cyrus');
$admin->ok('SETACL user.alice bob lr');
my $b = $i->imap(user => 'bob');
$b->ok('SELECT user.alice');
is(fetch('3 BINARY[1]', $b), "BINARY[1] {6}\r\nABCDEF", 'reader');
is(fetch('2 PREVIEW', $b), 'PREVIEW "first words more"', 'preview of a reader');
$admin->ok('SETACL user.alice bob l');
is($b->cmd('SELECT user.alice')->{status}, 'NO', 'without r nothing');
is($b->cmd('FETCH 1 PREVIEW')->{status}, 'BAD', 'not even previews');

$i->stop;
is_deeply([ grep { $_ ne '' } $i->faults ], [], 'no process reported a fault');
done_testing;
