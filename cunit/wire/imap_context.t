# imap_context.t - results that are kept up to date
# rfc: 5267 CONTEXT=SEARCH CONTEXT=SORT
# rfc: 9394 PARTIAL
# covers: IM-04 IM-06 IM-07
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new(idled => 1);
$i->create_users('alice', 'bob');
my $c = $i->imap(user => 'alice');
my $d = $i->imap(user => 'alice');

sub message { my ($subject, $day) = @_; return sprintf "From: a\@x\r\nSubject: %s\r\nDate: %02d Jan 2023 10:00:00 +0000\r\n\r\nbody\r\n", $subject, $day }
sub append { my ($who, $subject, $day, $flags) = @_; $who->ok('APPEND INBOX ' . ($flags ? "($flags) " : ''), \message($subject, $day)) }
append($c, @$_) for [ 'd', 4 ], [ 'b', 2, '\Deleted $Junk' ], [ 'f', 6 ], [ 'c', 3, '\Deleted' ], [ 'e', 5 ];
$c->ok('SELECT INBOX');
$d->ok('SELECT INBOX');

# Command with a tag of our own: untagged responses, and the tagged one.
sub tagged {
    my ($tag, $command) = @_;
    $c->send("$tag $command\r\n");
    my @lines;
    push @lines, $c->response until @lines && $lines[-1] =~ /^\Q$tag\E /;
    return @lines;
}
# What is told by a command, without counts and FETCH.
sub news { my ($command) = @_; return join ' / ', grep { /^\* (?:ESEARCH|\d+ (?:EXPUNGE|EXISTS))/ } $c->ok($command) }

# ---- UID SEARCH (the examples of 4.3)
is(join('|', tagged('B01', 'UID SEARCH RETURN (UPDATE COUNT) DELETED KEYWORD $Junk')), '* ESEARCH (TAG "B01") UID COUNT 1|B01 OK Completed', 'B01');
is((tagged('B01', 'SORT RETURN (UPDATE) FLAGGED'))[-1], 'B01 BAD Tag reuse', 'the tag is in use');
is((tagged('B01', 'SEARCH RETURN (UPDATE) FLAGGED'))[-1], 'B01 BAD Tag reuse', '... for SEARCH too');
$c->ok('NOOP');
$d->ok('UID STORE 4,5 +FLAGS.SILENT (\Deleted $Junk)');
is(news('NOOP'), '* ESEARCH (TAG "B01") UID ADDTO (0 4:5)', 'flags that another session set');
$c->ok('NOOP');
is(news('NOOP'), '', '... are told once');
is(news('UID STORE 4 -FLAGS.SILENT ($Junk)'), '* ESEARCH (TAG "B01") UID REMOVEFROM (0 4)', 'flags of our own, silent');
is(news('UID STORE 4 +FLAGS (\Answered)'), '', 'what does not matter');
append($d, 'g', 7, '\Deleted $Junk');
append($d, 'h', 8, '$Junk');
is(news('NOOP'), '* 7 EXISTS / * ESEARCH (TAG "B01") UID ADDTO (0 6)', 'new messages, after EXISTS');
$d->ok('UID EXPUNGE 5');
is(news('SEARCH UNSEEN'), '* ESEARCH (TAG "B01") UID REMOVEFROM (0 5)', 'expunged: told at once, though EXPUNGE must wait');
is(news('NOOP'), '* 5 EXPUNGE', '... and EXPUNGE follows');
is(news('UID EXPUNGE 6'), '* ESEARCH (TAG "B01") UID REMOVEFROM (0 6) / * 5 EXPUNGE', 'REMOVEFROM before EXPUNGE');
is((tagged('B04', 'CANCELUPDATE "B01"'))[-1], 'B04 OK No further updates', 'CANCELUPDATE');
is(news('UID STORE 4 +FLAGS.SILENT ($Junk)'), '', 'no more updates');
is((tagged('B01', 'SEARCH RETURN (UPDATE COUNT) ALL'))[-1], 'B01 OK Completed', 'the tag is free again');
is((tagged('B05', 'CANCELUPDATE "nosuch"'))[-1], 'B05 NO [CLIENTBUG] No such context', 'unknown tag');
is((tagged('B06', 'CANCELUPDATE'))[-1] =~ /^B06 (\S+)/ && $1, 'BAD', 'no tag');

# ---- message numbers are those that hold when it is told; now 1 2 3 4 5 are UIDs 1 2 3 4 7
is(news('UID EXPUNGE 2'), '* ESEARCH (TAG "B01") REMOVEFROM (0 2) / * 2 EXPUNGE', 'number before the expunge');
append($d, 'i', 9);
is(news('NOOP'), '* 5 EXISTS / * ESEARCH (TAG "B01") ADDTO (0 5)', 'number after EXISTS');
# a program of numbers does not move
tagged('N1', 'SEARCH RETURN (UPDATE ALL) 2:3 UNSEEN');
is(news('UID STORE 3 +FLAGS.SILENT (\Seen)'), '* ESEARCH (TAG "N1") REMOVEFROM (0 2)', 'numbers in a program');
is(news('UID EXPUNGE 4'), '* ESEARCH (TAG "B01") REMOVEFROM (0 3) / * ESEARCH (TAG "N1") REMOVEFROM (0 3) / * 3 EXPUNGE', '... two contexts');
is(news('UID STORE 7 +FLAGS.SILENT (\Answered)'), '', '... number 3 is another message now');
# "$" is what it was, keywords may come into being, UID n:* grows
$c->ok('UID SEARCH RETURN (SAVE) 1,3');
tagged('S1', 'UID SEARCH RETURN (UPDATE COUNT) $ SEEN');
$c->ok('UID SEARCH RETURN (SAVE) 7');
tagged('K1', 'UID SEARCH RETURN (UPDATE COUNT) KEYWORD fresh');
tagged('U1', 'UID SEARCH RETURN (UPDATE COUNT) UID 7:* FLAGGED');
is(news('UID STORE 1 +FLAGS.SILENT (\Seen fresh)'), '* ESEARCH (TAG "S1") UID ADDTO (0 1) / * ESEARCH (TAG "K1") UID ADDTO (0 1)', '"$" and a new keyword');
append($d, 'j', 10, '\Flagged');
is(news('NOOP'), '* 5 EXISTS / * ESEARCH (TAG "B01") ADDTO (0 5) / * ESEARCH (TAG "U1") UID ADDTO (0 9)', 'UID 7:*');
# SELECT ends them all
$c->ok('SELECT INBOX');
append($d, 'k', 11, '\Flagged');
is(news('NOOP'), '* 6 EXISTS', 'SELECT ends contexts');

# ---- SORT: positions.  UIDs and subjects: 1 d, 3 f, 7 h, 8 i, 9 j, 10 k
is((tagged('C1', 'UID SORT RETURN (UPDATE ALL) (SUBJECT) UTF-8 UNDELETED'))[0], '* ESEARCH (TAG "C1") UID ALL 1,3,7:10', 'sorted');
tagged('C2', 'SORT RETURN (UPDATE COUNT) (REVERSE DATE) UTF-8 FLAGGED');      # UIDs 10 9
append($d, 'e', 12, '\Flagged');        # UID 11: second by subject, first by date
is(news('NOOP'), '* 7 EXISTS / * ESEARCH (TAG "C1") UID ADDTO (2 11) / * ESEARCH (TAG "C2") ADDTO (1 7)', 'a message into its place');
append($d, $_->[0], $_->[1]) for [ 'a', 13 ], [ 'z', 14 ], [ 'aa', 15 ];      # 12 13 14
is(news('NOOP'), '* 10 EXISTS / * ESEARCH (TAG "C1") UID ADDTO (1 12,14 10 13)', 'several, by final position');
is(news('UID STORE 1,3,12 +FLAGS.SILENT (\Deleted)'), '* ESEARCH (TAG "C1") UID REMOVEFROM (5 3 3 1 1 12)', 'removed from the end to the front');
is(news('UID STORE 1,3,12 -FLAGS.SILENT (\Deleted)'), '* ESEARCH (TAG "C1") UID ADDTO (1 12 3 1 5 3)', 'and back');
is(news('UID STORE 10 -FLAGS.SILENT (\Flagged)'), '* ESEARCH (TAG "C2") REMOVEFROM (2 6)', 'SORT without UID: numbers');
is(news('UID STORE 11 +FLAGS.SILENT (\Deleted)'), '* ESEARCH (TAG "C1") UID REMOVEFROM (4 11)', 'out of one');
is(news('UID EXPUNGE 11'), '* ESEARCH (TAG "C2") REMOVEFROM (1 7) / * 7 EXPUNGE', 'expunged out of the other');
is((tagged('C3', 'UID SORT RETURN (ALL) (SUBJECT) UTF-8 UNDELETED'))[0], '* ESEARCH (TAG "C3") UID ALL 12,14,1,3,7:10,13', 'the same as asking anew');
# equal keys keep the order of the mailbox; MODSEQ moves
append($d, 'A', 16);            # UID 15, as "a" (12)
is(news('NOOP'), '* 10 EXISTS / * ESEARCH (TAG "C1") UID ADDTO (2 15)', 'behind its equal');
tagged('C4', 'UID SORT RETURN (UPDATE COUNT) (MODSEQ) UTF-8 8:9');
is((tagged('C5', 'UID SORT RETURN (ALL) (MODSEQ) UTF-8 UID 9,10,13'))[0], '* ESEARCH (TAG "C5") UID ALL 9,13,10', '(10 changed last)');
$c->ok('CANCELUPDATE "C1" "C2" "C4"');
tagged('C6', 'UID SORT RETURN (UPDATE COUNT) (MODSEQ) UTF-8 UID 9,10,13');
is(news('UID STORE 9 +FLAGS.SILENT (moved)'), '* ESEARCH (TAG "C6") UID REMOVEFROM (1 9) ADDTO (3 9)', 'a change moves it in order of MODSEQ');
$c->ok('CANCELUPDATE "C6"');

# ---- a client that follows knows what the server knows: random changes, three contexts
my %list;
my %program = (F1 => '(SUBJECT REVERSE DATE) UTF-8 UNFLAGGED', F2 => '(REVERSE DATE) UTF-8 OR FLAGGED SEEN', F3 => '');
sub members { my ($set) = @_; return map { /(\d+):(\d+)/ ? $1 .. $2 : $_ } split /,/, $set }
for my $t (sort keys %program) {
    my ($r) = tagged($t, $t eq 'F3' ? 'UID SEARCH RETURN (UPDATE ALL) SUBJECT x OR DELETED SEEN' : "UID SORT RETURN (UPDATE ALL) $program{$t}");
    $list{$t} = [ $r =~ /ALL (\S+)/ ? members($1) : () ];
}
sub follow {
    for my $line (@_) {
        my ($t, $rest) = $line =~ /^\* ESEARCH \(TAG "(F\d)"\) UID (.*)/ or next;
        my $l = $list{$t};
        while ($rest =~ /(ADDTO|REMOVEFROM) \(([^)]*)\)/g) {
            my ($what, @w) = ($1, split / /, $2);
            while (my ($at, $set) = splice @w, 0, 2) {
                my @m = members($set);
                if ($what eq 'ADDTO') { if ($at) { splice @$l, $at - 1, 0, @m } else { @$l = sort { $a <=> $b } @$l, @m } }
                elsif ($at) { my @gone = splice @$l, $at - 1, scalar @m; die "not there: @m at $at (@gone)" unless "@gone" eq "@m" }
                else { my %g = map { $_ => 1 } @m; @$l = grep { !$g{$_} } @$l }
            }
        }
    }
}
srand 7;
my @flags = ('\Flagged', '\Seen', '\Deleted');
my $wrong = 0;
for my $step (1 .. 150) {
    my $who = rand() < .5 ? $c : $d;
    my ($n) = map { /UIDNEXT (\d+)/ } $d->ok('STATUS INBOX (UIDNEXT)');
    my $set = join ',', map { 1 + int rand $n } 1 .. 1 + rand 4;
    my $r = rand;
    my @lines = $r < .25 ? append($who, (qw(x xa xy Re:x b))[ rand 5 ], 1 + int rand 28, (@flags, '')[ rand 4 ])
              : $r < .85 ? $who->ok("UID STORE $set " . (rand() < .5 ? '+' : '-') . 'FLAGS' . (rand() < .5 ? '.SILENT' : '') . " ($flags[ rand 3 ])")
              : $r < .9  ? $who->ok("UID EXPUNGE $set") : ();
    follow(@lines) if $who == $c;
    next if $step % 5;
    follow($c->ok('NOOP'));
    for my $t (sort keys %program) {
        my ($a) = $t eq 'F3' ? tagged("G$step$t", 'UID SEARCH RETURN (ALL) SUBJECT x OR DELETED SEEN') : tagged("G$step$t", "UID SORT RETURN (ALL) $program{$t}");
        my $want = join ' ', $a =~ /ALL (\S+)/ ? members($1) : ();
        next if $want eq "@{ $list{$t} }";
        $wrong++;
        diag "step $step $t: have @{ $list{$t} }, want $want";
        $list{$t} = [ split / /, $want ];
    }
}
is($wrong, 0, 'what is followed is what is found anew');

# ---- limits
$c->ok('SELECT INBOX');
like((tagged("L$_", 'SEARCH RETURN (UPDATE COUNT) ALL'))[-1], qr/^L$_ OK/, "context $_") for 1 .. 16;
my @l = tagged('L17', 'SEARCH RETURN (UPDATE COUNT) ALL');
like($l[0], qr/^\* ESEARCH \(TAG "L17"\) COUNT \d+$/, 'the 17th: other options are honoured');
is($l[1], '* NO [NOUPDATE "L17"] Too many contexts', '... NOUPDATE');
like($l[-1], qr/^L17 OK/, '... OK');
is((tagged('X1', 'UID SEARCH RETURN (UPDATE) CHARSET X-NOSUCH TEXT x'))[-1] =~ /^X1 (\S+)/ && $1, 'NO', 'refused');
is((tagged('X2', 'UID SEARCH RETURN (UPDATE) NOSUCH'))[-1] =~ /^X2 (\S+)/ && $1, 'BAD', 'malformed');
is((tagged('X2', 'UID SEARCH RETURN (CONTEXT COUNT) DELETED'))[-1], 'X2 OK Completed', 'CONTEXT alone is a hint');
like((tagged('X3', 'SEARCH RETURN (CONTEXT COUNT) UNDELETED UNKEYWORD $Junk'))[0], qr/^\* ESEARCH \(TAG "X3"\) COUNT/, 'A01');
# pages (4.4)
like((tagged('A02', 'UID SEARCH RETURN (PARTIAL 1:2) ALL'))[0], qr/^\* ESEARCH \(TAG "A02"\) UID PARTIAL \(1:2 \d+[,:]\d+\)$/, 'A02');
is((tagged('A04', 'UID SEARCH RETURN (PARTIAL 24000:24500) ALL'))[0], '* ESEARCH (TAG "A04") UID PARTIAL (24000:24500 NIL)', 'A04: beyond the end');

# ---- one whose \Seen is his own
$c->ok('SETACL INBOX bob lrs');
my $b = $i->imap(user => 'bob');
my $b2 = $i->imap(user => 'bob');
$_->ok('SELECT user.alice') for $b, $b2;
my @r = $b->ok('UID SEARCH RETURN (UPDATE COUNT) UNSEEN');
my ($tag) = $r[0] =~ /TAG "(\w+)"/;
my ($u) = map { /UID (\d+)/ } $b2->ok('FETCH 1 UID');
$b2->ok("UID STORE $u +FLAGS (\\Seen)");
is(join('', grep { /ESEARCH/ } $b->ok('NOOP')), "* ESEARCH (TAG \"$tag\") UID REMOVEFROM (0 $u)", 'own \Seen, changed elsewhere');
is(join('', grep { /ESEARCH/ } $b->ok("UID STORE $u -FLAGS.SILENT (\\Seen)")), "* ESEARCH (TAG \"$tag\") UID ADDTO (0 $u)", '... changed here');
# while idle
$c->ok('SELECT INBOX');
tagged('I1', 'UID SEARCH RETURN (UPDATE COUNT) UNKEYWORD idling');
$c->send("I2 IDLE\r\n");
is($c->line, '+ idling', 'IDLE');
$d->ok("UID STORE $u +FLAGS (idling)");
my $line = '';
$line = $c->line until $line =~ /ESEARCH/;
is($line, "* ESEARCH (TAG \"I1\") UID REMOVEFROM (0 $u)", 'told while idle');
$c->send("DONE\r\n");
$line = $c->line until $line =~ /^I2 OK/;
like($c->cmd('CAPABILITY')->{untagged}[0], qr/ CONTEXT=SEARCH CONTEXT=SORT /, 'advertised');
$i->stop;
is($i->faults, '', 'no fault');
done_testing;
