# imap_sort.t - SORT and THREAD
# rfc: 5256 SORT THREAD=ORDEREDSUBJECT THREAD=REFERENCES
# rfc: 5267 ESORT
# rfc: 5957 SORT=DISPLAY
# rfc: - SORT=MODSEQ SORT=UID THREAD=REFS
# covers: IM-06 IM-07
use strict;
use warnings;
use Test::More;
use Halcyon::Spool;
use Halcyon::Test;

my $i = Halcyon::Test->new;
$i->create_users('alice');
my $c = $i->imap(user => 'alice');

sub append {
    my (%h) = @_;
    my ($flags, $date) = (delete $h{flags} // '', delete $h{received} // '');
    my $text = join('', map { "$_: $h{$_}\r\n" } sort keys %h) . "\r\n" . 'x' x (delete $h{size} // 0) . "body\r\n";
    $c->ok("APPEND INBOX " . ($flags && "($flags) ") . ($date && "\"$date\" "), \$text);
}
# order of: subject 5 1 2 3 4 6; date 3 1 2 6 5 4
append(From => 'Zoe <adam@x>', To => 'b@y', Cc => 'm@m', Subject => 'bravo', Date => 'Mon, 02 Jan 2023 10:00:00 +0000', 'Message-ID' => '<1@t>', received => '03-Feb-2023 00:00:00 +0000', flags => '\Flagged');
append(From => '"Bert" <CARL@x>', To => 'A@y', Subject => 'Re: BRAVO', Date => 'Mon, 02 Jan 2023 10:30:00 -0500', 'Message-ID' => '<2@t>', 'In-Reply-To' => '<1@t>', received => '02-Feb-2023 00:00:00 +0000');
append(From => '=?utf-8?q?=C3=84nne?= <berta@x>', Subject => '[list] Fwd: bravo', Date => 'Mon, 02 Jan 2023 01:00:00 +0000', 'Message-ID' => '<3@t>', received => '01-Feb-2023 00:00:00 +0000', flags => '\Flagged');
append(From => '<dora@x>', To => 'c@y', Subject => 'zulu', Date => 'Sat, 31 Dec 2022 22:00:00 -0800', 'Message-ID' => '<4@t>', References => '<gone@t> <3@t>', received => '04-Feb-2023 00:00:00 +0000') ;
append(Subject => '', Date => 'nonsense', received => '01-Jan-2023 12:00:00 +0000', size => 5000);
append(From => 'x (Comment Name) <>', Subject => '[bracket]', received => '01-Jan-2023 11:00:00 +0000', flags => '\Flagged');
$c->ok('SELECT INBOX');

sub one { my ($cmd) = @_; my ($e) = grep { /^\* (?:SORT|THREAD|ESEARCH)/ } $c->ok($cmd); $e //= ''; $e =~ s/TAG "[^"]*"/TAG/; return $e }
sub sorted { return one("SORT ($_[0]) UTF-8 ALL") =~ s/^\* SORT //r }
sub status { return $c->cmd($_[0])->{status} }

# ---- keys
is(sorted('DATE'), '4 6 5 3 1 2', 'DATE: in UTC; without one the internal date');
is(sorted('REVERSE DATE'), '2 1 3 5 6 4', 'REVERSE');
is(sorted('ARRIVAL'), '6 5 3 2 1 4', 'ARRIVAL');
is(sorted('SUBJECT'), '5 1 2 3 4 6', 'SUBJECT: base subject, "[" behind the letters');
is(sorted('SUBJECT DATE'), '5 3 1 2 4 6', 'two keys');
is(sorted('SUBJECT REVERSE DATE'), '5 2 1 3 4 6', 'RFC 5256: SUBJECT REVERSE DATE');
is(sorted('REVERSE SUBJECT'), '6 4 1 2 3 5', 'REVERSE leaves equal ones in order');
is(sorted('FROM'), '5 6 1 3 2 4', 'FROM: mailbox of the first address, none first') or diag join "\n", $c->ok('FETCH 6 ENVELOPE');
is(sorted('TO'), '3 5 6 2 1 4', 'TO');
is(sorted('CC'), '2 3 4 5 6 1', 'CC');
is(sorted('SIZE')  =~ s/.* //r, '5', 'SIZE');
is(sorted('UID'), '1 2 3 4 5 6', 'UID');
is(sorted('REVERSE UID'), '6 5 4 3 2 1', 'REVERSE UID');
is(sorted('DISPLAYTO'), '3 5 6 2 1 4', 'DISPLAYTO: mailbox@host without a name');
is(sorted('DISPLAYFROM') =~ s/ 6(?= |$)//r, '5 3 2 4 1', 'DISPLAYFROM: names decoded, Ä with A');
$c->ok('STORE 2 +FLAGS.SILENT (\Answered)');
is(sorted('MODSEQ'), '1 3 4 5 6 2', 'MODSEQ');
is(sorted('subject reverse date'), '5 2 1 3 4 6', 'any case');
is(one('SORT (SUBJECT) UTF-8 FLAGGED'), '* SORT 1 3 6', 'only what matches');
is(one('SORT (SUBJECT) US-ASCII TEXT "not in mailbox"'), '* SORT', 'RFC 5256: nothing');
is(one('UID SORT (REVERSE DATE) UTF-8 2:4'), '* SORT 2 3 4', 'UID SORT');
like(one('SORT (DATE) UTF-8 MODSEQ 1'), qr/^\* SORT 4 6 5 3 1 2 \(MODSEQ \d+\)$/, 'MODSEQ of the result (RFC 7162)');
is(one('SORT (DATE) "utf-8" ALL'), '* SORT 4 6 5 3 1 2', 'charset as a string');
is(status($_), 'BAD', "refused: $_") for 'SORT () UTF-8 ALL', 'SORT (NOSUCH) UTF-8 ALL', 'SORT (DATE) ALL', 'SORT (DATE) UTF-8', 'SORT DATE UTF-8 ALL', 'SORT (REVERSE) UTF-8 ALL', 'SORT (REVERSE REVERSE DATE) UTF-8 ALL',
    'SORT', 'SORT (DATE', 'SORT (' . join(' ', ('DATE') x 65) . ') UTF-8 ALL';
is(status('SORT (' . join(' ', ('DATE') x 64) . ') UTF-8 ALL'), 'OK', '64 keys');
like($c->cmd('SORT (DATE) X-NOSUCH TEXT x')->{text}, qr/^\[BADCHARSET \(/, 'BADCHARSET');

# ---- RFC 5267 3
is(one('UID SORT RETURN () (REVERSE DATE) UTF-8 ALL'), '* ESEARCH (TAG) UID ALL 2,1,3,5:6,4', 'RETURN (): ALL, descending ones are no range');
is(one('SORT RETURN (ALL) (SUBJECT) UTF-8 1:4'), '* ESEARCH (TAG) ALL 1:4', 'ascending ones are');
is(one('SORT RETURN (MIN MAX COUNT) (DATE) UTF-8 ALL'), '* ESEARCH (TAG) MIN 4 MAX 2 COUNT 6', 'ends of the order');
is(one('SORT RETURN (MIN) (DATE) UTF-8 DELETED'), '* ESEARCH (TAG)', 'nothing');
is(one('SORT RETURN (PARTIAL 2:3) (DATE) UTF-8 ALL'), '* ESEARCH (TAG) PARTIAL (2:3 6,5)', 'a page');
is(one('SORT RETURN (PARTIAL -1:-2) (DATE) UTF-8 ALL'), '* ESEARCH (TAG) PARTIAL (-1:-2 1:2)', 'the last page');
is(one('SORT RETURN (SAVE) (DATE) UTF-8 FLAGGED'), '', 'SAVE');
is(join(',', map { /^\* (\d+) FETCH/ } $c->ok('FETCH $ UID')), '1,3,6', '... is a set');

# ---- THREAD
is(one('THREAD ORDEREDSUBJECT UTF-8 ALL'), '* THREAD (4)(6)(5)(3 (1)(2))', 'ORDEREDSUBJECT');
is(one('THREAD REFERENCES UTF-8 ALL'), '* THREAD (6)(5)(1 (3 4)(2))', 'REFERENCES: 3 joins by its subject');
is(one('THREAD REFS UTF-8 ALL'), '* THREAD (6)(5)(1 2)(3 4)', 'REFS: by references, the latest last');
is(one('UID THREAD references UTF-8 2:4'), '* THREAD ((3 4)(2))', 'of some; UID') ;
is(one('THREAD ORDEREDSUBJECT US-ASCII TEXT "gewp"'), '* THREAD', 'RFC 5256: nothing');
is(status($_), 'BAD', "refused: $_") for 'THREAD', 'THREAD NOSUCH UTF-8 ALL', 'THREAD REFERENCES ALL', 'THREAD REFERENCES UTF-8';

# ---- new messages and expunged ones (the memo of keys goes with the mailbox)
append(Subject => 'alpha', Date => 'Mon, 01 Jan 2024 10:00:00 +0000', 'Message-ID' => '<7@t>', References => '<2@t>');
$c->ok('NOOP');
is(sorted('SUBJECT'), '5 7 1 2 3 4 6', 'a new message');
$c->ok('STORE 2 +FLAGS.SILENT (\Deleted)');
$c->ok('EXPUNGE');
is(sorted('SUBJECT'), '4 6 1 2 3 5', 'one less');
is(one('THREAD REFS UTF-8 ALL'), '* THREAD (5)(4)(1)(2 3)(6)', 'a thread whose middle has gone') ;

# ---- no message file is opened (index, cache, then file): without the files all goes as before
my ($dir) = grep { -f "$_/1." } Halcyon::Spool::mailbox_dirs($i);
my %before = map { $_ => one($_) } my @asks = ('SORT (SUBJECT DATE FROM TO CC SIZE DISPLAYFROM DISPLAYTO) UTF-8 ALL', 'THREAD REFERENCES UTF-8 ALL', 'THREAD ORDEREDSUBJECT UTF-8 ALL', 'THREAD REFS UTF-8 FROM adam');
sub found { my ($l) = grep { /^\* SEARCH/ } $_[0]->ok("SEARCH $_[1]"); return $l }
my @keys = ('SUBJECT bravo', 'FROM adam', 'OR CC m TO b', 'HEADER Message-ID 1@t', 'HEADER In-Reply-To ""', 'HEADER Date Jan', 'HEADER References gone', 'BODY body UID 99', 'OR FLAGGED NOT TEXT x', 'LARGER 10 SENTBEFORE 1-Jan-2024');
my %found = map { $_ => found($c, $_) } @keys[ 0 .. 7 ];
my @files = glob "$dir/[0-9]*.";
ok(@files >= 6, 'the files are there') or diag $dir;
rename $_, "$_.away" for @files;
my $d = $i->imap(user => 'alice');
$d->ok('SELECT INBOX');
for my $k (@keys[ 0 .. 7 ]) { is(found($d, $k), $found{$k}, "without message files: $k") }
for my $ask (@asks) { my ($l) = grep { /^\* (?:SORT|THREAD)/ } $d->ok($ask); is($l, $before{$ask}, "without message files: $ask") }
is(found($d, 'BODY body'), '* SEARCH', '(they are away)');
rename "$_.away", $_ for @files;
is(found($d, 'BODY body'), '* SEARCH 1 2 3 4 5 6', '(they are back)');

# ---- messages without a Message-ID
my $none = $i->imap(user => 'alice');
$none->ok('CREATE INBOX.plain');
$none->ok('APPEND INBOX.plain ', \"Subject: x\r\n\r\nx\r\n", ' ', \"\r\nx\r\n");
$none->ok('SELECT INBOX.plain');
is(join('', map { s/^\* THREAD //r } grep { /THREAD/ } $none->ok("THREAD $_ UTF-8 ALL")), '(1)(2)', "no Message-ID at all: $_") for qw(ORDEREDSUBJECT REFERENCES REFS);

# ---- rights: a reader may, one without r may not select
like($c->cmd('CAPABILITY')->{untagged}[0], qr/\bESORT\b.*\bSORT SORT=DISPLAY SPECIAL-USE STATUS=SIZE THREAD=ORDEREDSUBJECT THREAD=REFERENCES\b.*SORT=MODSEQ SORT=UID THREAD=REFS/, 'advertised');
$i->stop;
is($i->faults, '', 'no fault');
done_testing;
