# imap_esearch.t - extended SEARCH: RETURN, "$", intervals, pages
# rfc: 4731 ESEARCH
# rfc: 5182 SEARCHRES
# rfc: 5032 WITHIN
# covers: IM-04 IM-07 IM-30
use strict;
use warnings;
use POSIX qw(strftime);
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new;
$i->create_users('alice');
my $c = $i->imap(user => 'alice');

sub message { my ($n) = @_; return "From: s$n\@example.org\r\nSubject: number $n\r\nDate: Mon, 02 Jan 2023 10:00:00 +0000\r\nMessage-ID: <m$n\@x>\r\n\r\nbody $n\r\n" }
sub imap_date { return '"' . strftime('%d-%b-%Y %H:%M:%S +0000', gmtime $_[0]) . '"' }

my $now = time;
# UIDs 1..12; then 1 and 5 go, so that numbers and UIDs differ: numbers 1..10 are UIDs 2 3 4 6..12
for my $n (1 .. 12) {
    my $flags = $n % 3 == 0 ? '(\Flagged) ' : $n % 3 == 1 ? '(\Seen) ' : '';
    $c->ok("APPEND INBOX $flags" . imap_date($now - 1000 * (13 - $n)) . ' ', \message($n));
}
$c->ok('SELECT INBOX');
$c->ok('STORE 1,5 +FLAGS.SILENT (\Deleted)');
$c->ok('EXPUNGE');

sub one { my ($cmd) = @_; my @u = $c->ok($cmd); my ($e) = grep { /^\* E?SEARCH/ } @u; $e //= ''; $e =~ s/TAG "[^"]*"/TAG/; return $e }
sub status { return $c->cmd($_[0])->{status} }

# ---- RFC 4731
# flagged: UIDs 3 6 9 12 = numbers 2 4 7 10
is(one('SEARCH RETURN (MIN COUNT) FLAGGED'), '* ESEARCH (TAG) MIN 2 COUNT 4', '4731: MIN COUNT');
is(one('SEARCH RETURN () FLAGGED'), '* ESEARCH (TAG) ALL 2,4,7,10', '4731: empty list is ALL');
is(one('SEARCH RETURN (MIN) UNSEEN'), '* ESEARCH (TAG) MIN 1', '4731: MIN');
is(one('UID SEARCH RETURN (MIN MAX) 1:5000'), '* ESEARCH (TAG) UID MIN 2 MAX 12', '4731: UID, set beyond the mailbox');
is(one('SEARCH RETURN (COUNT) DELETED'), '* ESEARCH (TAG) COUNT 0', '4731: nothing to count');
is(one('SEARCH RETURN (MIN MAX ALL) DELETED'), '* ESEARCH (TAG)', '4731: nothing found, nothing told but the response');
is(one('UID SEARCH RETURN (ALL) ALL'), '* ESEARCH (TAG) UID ALL 2:4,6:12', 'ranges');
is(one('UID SEARCH RETURN (MAX) FLAGGED'), '* ESEARCH (TAG) UID MAX 12', 'MAX alone');
is(one('SEARCH RETURN (MIN MAX) FLAGGED 2'), '* ESEARCH (TAG) MIN 2 MAX 2', 'one message is both ends');
is(one('SEARCH RETURN (max all MIN count) FLAGGED'), '* ESEARCH (TAG) MIN 2 MAX 10 ALL 2,4,7,10 COUNT 4', 'any order, any case');
my $tagged = $c->cmd('SEARCH RETURN (COUNT) ALL');
like($tagged->{untagged}[0], qr/^\* ESEARCH \(TAG "\S+"\) COUNT 10$/, 'tag is quoted');
is(status('SEARCH RETURN (NOSUCH) ALL'), 'BAD', 'unknown option');
is(status('SEARCH RETURN ALL'), 'BAD', 'no list');
is(status('SEARCH RETURN (MIN)'), 'BAD', 'no key');
is(status('SEARCH RETURN (MIN'), 'BAD', 'no end');
is(one('SEARCH CHARSET UTF-8 FLAGGED'), '* SEARCH 2 4 7 10', 'without RETURN as ever');
# MODSEQ (3.2)
my @f = $c->ok('FETCH 1:* (MODSEQ)');
my %mod = map { /^\* (\d+) FETCH .*MODSEQ \((\d+)\)/ ? ($1 => $2) : () } @f;
my ($low, $high) = (sort { $a <=> $b } values %mod)[0, -1];
$c->ok('STORE 4 +FLAGS.SILENT (kw)');
my ($m4) = map { /MODSEQ \((\d+)\)/ } $c->ok('FETCH 4 (MODSEQ)');
is(one('SEARCH RETURN (MIN) MODSEQ 1'), "* ESEARCH (TAG) MIN 1 MODSEQ $mod{1}", 'MIN: modseq of that message');
is(one('SEARCH RETURN (MAX) MODSEQ 1'), "* ESEARCH (TAG) MAX 10 MODSEQ $mod{10}", 'MAX');
is(one('SEARCH RETURN (MIN MAX) MODSEQ "/flags/\\\\draft" all 1'), '* ESEARCH (TAG) MIN 1 MAX 10 MODSEQ ' . ($mod{1} > $mod{10} ? $mod{1} : $mod{10}), 'MIN MAX: the higher of the two');
is(one('SEARCH RETURN (MIN COUNT) MODSEQ 1'), "* ESEARCH (TAG) MIN 1 COUNT 10 MODSEQ $m4", 'COUNT: the highest of all');
is(one("SEARCH RETURN (ALL) MODSEQ 999999"), '* ESEARCH (TAG)', 'none, no MODSEQ');

# ---- RFC 5182
sub saved { my ($l) = grep { /^\* ESEARCH/ } $c->ok('UID SEARCH RETURN (ALL) $'); return $l =~ /ALL (\S+)/ ? $1 : '' }
is(saved(), '', 'nothing is saved at first');
is(scalar(@{ $c->cmd('FETCH $ FLAGS')->{untagged} }), 0, 'FETCH $ of nothing');
is(status('FETCH $ FLAGS'), 'OK', '... is OK');
is(status('COPY $ INBOX'), 'OK', 'example 6: nothing copied');
is(status('STORE $ +FLAGS (x)'), 'OK', 'STORE');
is(status('UID EXPUNGE $'), 'OK', 'UID EXPUNGE');
is(one('SEARCH RETURN (SAVE) FLAGGED'), '', 'example 1: SAVE alone tells nothing');
is(join(',', map { /UID (\d+)/ } $c->ok('FETCH $ (UID)')), '3,6,9,12', '... FETCH $');
is(join(',', map { /UID (\d+)/ } $c->ok('UID FETCH $ (FLAGS)')), '3,6,9,12', '... UID FETCH $');
is(one('UID SEARCH UID $ SMALLER 4096'), '* SEARCH 3 6 9 12', 'example 3');
is(one('UID SEARCH $ 1:4'), '* SEARCH 3 6', '... without UID');
is(one('SEARCH CHARSET UTF-8 (OR $ 1,3000:3021) TEXT body'), '* SEARCH 1 2 4 7 10', 'example 4');
is(one('UID SEARCH NOT $'), '* SEARCH 2 4 7 8 10 11', 'NOT $');
is(status('SEARCH CHARSET X-NOSUCH (OR $ 1,3000:3021) TEXT x'), 'NO', 'NO without SAVE ...');
is(saved(), '3,6,9,12', '... leaves it alone');
is(status('SEARCH RETURN (SAVE) NOSUCHKEY'), 'BAD', 'BAD with SAVE ...');
is(saved(), '3,6,9,12', '... leaves it alone');
is(status('SEARCH RETURN (SAVE) CHARSET X-NOSUCH TEXT x'), 'NO', 'NO with SAVE ...');
is(saved(), '', '... empties it');
$c->ok('SEARCH RETURN (SAVE) FLAGGED');
is(one('SEARCH RETURN (ALL) SEEN'), '* ESEARCH (TAG) ALL 3,5,8', 'example 10: no SAVE');
is(saved(), '3,6,9,12', '... keeps it');
for ([ 'ALL SAVE', 'ALL 2,4,7,10', '3,6,9,12' ], [ 'SAVE MIN', 'MIN 2', '3' ], [ 'SAVE MAX', 'MAX 10', '12' ], [ 'MAX SAVE MIN', 'MIN 2 MAX 10', '3,12' ],
     [ 'MAX SAVE MIN COUNT', 'MIN 2 MAX 10 COUNT 4', '3,6,9,12' ], [ 'ALL SAVE MIN', 'MIN 2 ALL 2,4,7,10', '3,6,9,12' ], [ 'SAVE COUNT', 'COUNT 4', '3,6,9,12' ]) {
    my ($o, $told, $kept) = @$_;
    is(one("SEARCH RETURN ($o) FLAGGED"), "* ESEARCH (TAG) $told", "table of 2.4: $o");
    is(saved(), $kept, "... \$ is $kept");
}
is(one('SEARCH RETURN (SAVE MIN) DELETED'), '* ESEARCH (TAG)', 'nothing found');
is(saved(), '', '... nothing saved');
# the saved result may be used by the command that replaces it
$c->ok('SEARCH RETURN (SAVE) 1:8');
$c->ok('SEARCH RETURN (SAVE) $ FLAGGED');
is(saved(), '3,6,9', 'a search in its own result');
# expunged messages drop out, of others' doing too
my $d = $i->imap(user => 'alice');
$d->ok('SELECT INBOX');
$d->ok('UID STORE 6 +FLAGS (\Deleted)');
$d->ok('UID EXPUNGE 6');
$c->ok('NOOP');
is(join(',', map { /UID (\d+)/ } $c->ok('FETCH $ (UID)')), '3,9', 'expunged: gone from $');
is(one('SEARCH RETURN (COUNT) $'), '* ESEARCH (TAG) COUNT 2', '... and not counted');
$c->ok('COPY $ INBOX');
$c->ok('STORE $ +FLAGS.SILENT (saved)');
is(one('UID SEARCH KEYWORD saved'), '* SEARCH 3 9', 'STORE $');
is(one('UID SEARCH UNKEYWORD saved 1:3'), '* SEARCH 2 4', 'keyword, negated');
$c->ok('CREATE INBOX.other');
$c->ok('MOVE $ INBOX.other');
is(one('SEARCH RETURN (COUNT) $'), '* ESEARCH (TAG) COUNT 0', 'moved away');
$c->ok('SEARCH RETURN (SAVE) ALL');
$c->ok('SELECT INBOX');
is(saved(), '', 'SELECT resets it');
$c->ok('SEARCH RETURN (SAVE) 2');
$c->ok('UID STORE $ +FLAGS (\Deleted)');
$c->ok('UID EXPUNGE $');
is(saved(), '', 'UID EXPUNGE $');
# pipelined (example 2)
$c->send("p1 SEARCH RETURN (SAVE) FLAGGED\r\np2 FETCH \$ (UID)\r\n");
my @lines;
push @lines, $c->line until @lines && $lines[-1] =~ /^p2 /;
is($lines[0], 'p1 OK Completed', 'example 2: pipelined');
ok((grep { /FETCH \(UID 12\)/ } @lines), '... the second uses the first');

# ---- pages (RFC 9394 3.1)
my @all = (one('UID SEARCH ALL') =~ /(\d+)/g);
my $n = @all;
is(one('UID SEARCH RETURN (PARTIAL 1:2) ALL'), "* ESEARCH (TAG) UID PARTIAL (1:2 $all[0],$all[1])", 'a page') or diag "@all";
is(one('UID SEARCH RETURN (PARTIAL 2:1) ALL'), "* ESEARCH (TAG) UID PARTIAL (2:1 $all[0],$all[1])", 'range as asked');
like(one('UID SEARCH RETURN (PARTIAL -1:-2) ALL'), qr/PARTIAL \(-1:-2 $all[-2](?:,|:)$all[-1]\)$/, 'from the end');
like(one("UID SEARCH RETURN (PARTIAL -$n:-9999) ALL"), qr/\(-$n:-9999 $all[0]\)$/, 'beyond the front');
like(one("UID SEARCH RETURN (PARTIAL $n:9999) ALL"), qr/\($n:9999 $all[-1]\)$/, 'beyond the end');
is(one('UID SEARCH RETURN (PARTIAL 5000:6000) ALL'), '* ESEARCH (TAG) UID PARTIAL (5000:6000 NIL)', 'nothing there');
is(one('SEARCH RETURN (PARTIAL 2:3 COUNT MIN) ALL'), "* ESEARCH (TAG) MIN 1 COUNT $n PARTIAL (2:3 2:3)", 'with others');
$c->ok('SEARCH RETURN (SAVE PARTIAL 2:3) ALL');
like(saved(), qr/^$all[1](?:,|:)$all[2]$/, 'SAVE keeps the page');
$c->ok('SEARCH RETURN (SAVE PARTIAL 2:3 MAX) ALL');
is(one('SEARCH RETURN (COUNT) $'), '* ESEARCH (TAG) COUNT 3', 'SAVE keeps page and end');
is(status("SEARCH RETURN ($_) ALL"), 'BAD', "refused: $_") for 'PARTIAL 0:1', 'PARTIAL 1:0', 'PARTIAL 1', 'PARTIAL', 'PARTIAL 1:-1', 'PARTIAL -1:1', 'PARTIAL 1:2 PARTIAL 3:4', 'ALL PARTIAL 1:2', 'PARTIAL 1:*', 'PARTIAL 1:4294967296';

# ---- RFC 5032
$c->ok('CREATE INBOX.within');
$c->ok('APPEND INBOX.within (\Seen) ' . imap_date($now - 600) . ' ', \message(1));
$c->ok('APPEND INBOX.within ' . imap_date($now - 300000) . ' ', \message(2));
$c->ok('APPEND INBOX.within ' . imap_date($now - 3600) . ' ', \message(3));
$c->ok('SELECT INBOX.within');
is(one('SEARCH UNSEEN YOUNGER 259200'), '* SEARCH 3', '5032: example');
is(one('SEARCH OLDER 259200'), '* SEARCH 2', 'OLDER');
is(one('SEARCH OLDER 300'), '* SEARCH 1 2 3', 'OLDER, short');
is(one('SEARCH NOT YOUNGER 1800 OLDER 1800'), '* SEARCH 2 3', 'both');
is(one('SEARCH YOUNGER 4294967295'), '* SEARCH 1 2 3', 'longer than the era');
is(status("SEARCH $_"), 'BAD', "refused: $_") for 'OLDER 0', 'YOUNGER', 'OLDER x', 'YOUNGER -1', 'OLDER 4294967296';

# ---- SEARCH with sets beyond the mailbox is no error (RFC 7377 2)
is(one('SEARCH 101:200'), '* SEARCH', 'window behind the end');
is(one('SEARCH 2:200'), '* SEARCH 2 3', 'window over the end');
is(one('SEARCH *'), '* SEARCH 3', 'the last');
$c->ok('SELECT INBOX.other') ;
$c->ok('STORE 1:* +FLAGS.SILENT (\Deleted)');
$c->ok('EXPUNGE');
is(one('SEARCH *'), '* SEARCH', 'none in an empty mailbox');
is(one('UID SEARCH RETURN (MIN MAX COUNT) 1:*'), '* ESEARCH (TAG) UID COUNT 0', 'empty mailbox');

# ---- object ids and dates of saving
$c->ok('SELECT INBOX.within');
is(one('SEARCH SAVEDSINCE 1-Jan-2020'), '* SEARCH 1 2 3', 'SAVEDSINCE');
is(one('SEARCH SAVEDBEFORE 1-Jan-2020'), '* SEARCH', 'SAVEDBEFORE');
is(one('SEARCH SAVEDATESUPPORTED'), '* SEARCH 1 2 3', 'SAVEDATESUPPORTED');
is(one('SEARCH EMAILID M' . '0' x 24), '* SEARCH', 'EMAILID of nobody');
is(one('SEARCH EMAILID nonsense'), '* SEARCH', 'EMAILID of another shape');
is(one('SEARCH THREADID T' . '0' x 16), '* SEARCH', 'no thread 0');

# ---- limits
is(status('SEARCH ' . '(' x 60 . 'ALL' . ')' x 60), 'OK', '60 deep');
is(status('SEARCH ' . '(' x 70 . 'ALL' . ')' x 70), 'BAD', '70 deep');
is(status('SEARCH ' . 'NOT ' x 70 . 'ALL'), 'BAD', '70 times NOT');
is(status('SEARCH ' . join(' ', ('ALL') x 1900)), 'OK', '1,900 keys');
is(status('SEARCH ' . join(' ', ('ALL') x 2100)), 'BAD', '2,100 keys');
is(status('NOOP'), 'OK', 'still in step');
like($c->cmd('CAPABILITY')->{untagged}[0], qr/\bESEARCH\b.*\bSEARCHRES\b.*\bWITHIN\b/, 'advertised');
$i->stop;
done_testing;
