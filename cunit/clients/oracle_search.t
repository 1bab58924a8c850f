#!/usr/bin/perl
# oracle_search.t - SEARCH, SORT and THREAD of ours and of Debian's cyrus-imapd 3.6.1 on the same messages
# covers: IM-04 IM-06 IM-07
use strict;
use warnings;
use Test::More;
use Halcyon::Corpus;
use Halcyon::Test;

# ---- messages: real ones, and some made to try the rules
my @MADE;
sub made {
    my (%h) = @_;
    my $n = @MADE + 1;
    my %f = (From => "f$n\@example.org", Date => sprintf('Mon, %02d Jan 2024 10:%02d:00 +0000', 1 + $n % 28, $n % 60), 'Message-ID' => "<made$n\@example.org>", %h);
    push @MADE, join('', map { defined $f{$_} ? "$_: $f{$_}\r\n" : () } sort keys %f) . "\r\nbody $n\r\n";
}
made(Subject => $_) for 'hello', 'Re: hello', 'RE: [list] hello', '[list] Re: hello (fwd)', 'Fwd: hello', 'fw: hello', '[fwd: hello]', '[Fwd: Re: hello] ', 'hello (FWD) (fwd)',
    '[a] [b] [c]', '[a][b]', 're[2]: hello', 'Re [x]: hello', 'Re: ', '[blob]', 're', 'fwd :hello', "Re:\r\n\thello", 'hel  lo', 'Hello', 'HELLO', '=?utf-8?q?h=C3=A9llo?=', 'hellp', '',
    '[fwd: [fwd: nested]]', '[fwd: ]', 'Re: [a] Re: [b] deep', '(fwd)', 'Aw: hello', '[', ']', '[]', '[] x', 'Re:hello:', 're: re: re: hello';
made(Subject => undef) for 1 .. 2;
# threads: a chain, a branch, missing parents, loops, duplicates, quoting, In-Reply-To alone
made(Subject => 't1', 'Message-ID' => '<a@t>');
made(Subject => 'Re: t1', 'Message-ID' => '<b@t>', References => '<a@t>');
made(Subject => 'Re: t1', 'Message-ID' => '<c@t>', References => '<a@t> <b@t>');
made(Subject => 'Re: t1', 'Message-ID' => '<d@t>', References => '<a@t>', Date => 'Mon, 01 Jan 2024 01:00:00 +0000');
made(Subject => 'x1', 'Message-ID' => '<e@t>', References => '<gone1@t>');
made(Subject => 'x2', 'Message-ID' => '<f@t>', References => '<gone1@t>');
made(Subject => 'x3', 'Message-ID' => '<g@t>', References => '<gone2@t> <gone3@t>');
made(Subject => 'loop', 'Message-ID' => '<l1@t>', References => '<l2@t>');
made(Subject => 'loop2', 'Message-ID' => '<l2@t>', References => '<l1@t>');
made(Subject => 'self', 'Message-ID' => '<s@t>', References => '<s@t>');
made(Subject => 'dup', 'Message-ID' => '<a@t>');
made(Subject => 'dupreply', 'Message-ID' => '<h@t>', 'In-Reply-To' => 'Your message of Monday <a@t>');
made(Subject => 'quoted', 'Message-ID' => '<"q"@t>');
made(Subject => 'quotedreply', 'Message-ID' => '<r@t>', References => '<q@t>');
made(Subject => 'noid', 'Message-ID' => undef);
made(Subject => 'Re: noid', 'Message-ID' => undef);
made(Subject => 'badid', 'Message-ID' => 'nobrackets');
made(Subject => 'nodate', Date => undef);
made(Subject => 'baddate', Date => 'yesterday');
made(Subject => 'zone', Date => 'Sun, 31 Dec 2000 16:01:33 -0800');
made(Subject => 'addr', From => '"Zed" <adam@example.org>', To => 'nobody@x, a@y', Cc => '=?utf-8?q?=C3=84rger?= <cc@x>');
made(Subject => 'addr2', From => 'adam <zed@example.org>', To => 'Group: g@x, h@x;', Cc => undef);
made(Subject => 'addr3', From => '=?iso-8859-1?q?=E4dam?= <yed@example.org>', To => 'B@y');
made(Subject => 'addr4', From => undef, To => undef);
made(Subject => 'split', 'Message-ID' => '<sp1@t>', References => "<a\@t>\r\n <b\@t>\r\n\t<c\@t>");
my @deep = ('<k0@t>');
made(Subject => 'k', 'Message-ID' => '<k0@t>');
for my $k (1 .. 12) { made(Subject => $k % 3 ? 'Re: k' : "k$k", 'Message-ID' => "<k$k\@t>", References => join ' ', @deep); push @deep, "<k$k\@t>" }

# [ command, reason why the answers are not compared ]
my $GROUP = 'RFC 5256 3: the addr-mailbox of the ENVELOPE, which is the name of a group; 3.6.1 has another';
my @KEYS = qw(ARRIVAL CC DATE FROM SIZE SUBJECT TO DISPLAYFROM DISPLAYTO UID MODSEQ);
my @COMMANDS = (
    (map { my $k = $_; map { [ $_, $k eq 'TO' ? $GROUP : undef ] } "SORT ($k) US-ASCII ALL", "SORT (REVERSE $k) US-ASCII ALL", "UID SORT ($k DATE) UTF-8 ALL" } @KEYS),
    [ 'SORT (REVERSE REVERSE DATE) UTF-8 ALL', 'RFC 5256 5: one REVERSE to a key' ],
    (map { [$_] } 'SORT (SUBJECT REVERSE DATE) UTF-8 ALL', 'SORT (FROM CC SIZE) UTF-8 ALL', 'SORT (REVERSE SUBJECT REVERSE FROM DATE) UTF-8 ALL', 'SORT (SUBJECT) US-ASCII TEXT "not in mailbox"',
        'SORT () UTF-8 ALL', 'SORT (NOSUCH) UTF-8 ALL', 'SORT (DATE) ALL', 'SORT DATE UTF-8 ALL', 'SORT (REVERSE) UTF-8 ALL', 'SORT'),
    (map { my $a = $_; map { ["THREAD $a $_"] } 'UTF-8 ALL', 'US-ASCII 1:60', 'US-ASCII TEXT "not in mailbox"', 'UTF-8 SUBJECT re' } qw(ORDEREDSUBJECT REFERENCES REFS)),
    (map { [$_] } 'UID THREAD REFERENCES UTF-8 ALL', 'THREAD NOSUCH UTF-8 ALL', 'THREAD REFERENCES ALL', 'THREAD'),
    (map { ["SEARCH RETURN ($_) FLAGGED"] } '', 'MIN', 'MAX', 'MIN MAX', 'ALL', 'COUNT', 'MIN MAX ALL COUNT', 'COUNT MIN', 'NOSUCH'),
    (map { ["UID SEARCH RETURN ($_) 3:50 NOT FLAGGED"] } '', 'MIN COUNT', 'MIN MAX ALL COUNT'),
    (map { ["SEARCH RETURN ($_) DELETED"] } '', 'MIN', 'MIN MAX ALL COUNT'),
    (map { ["SEARCH RETURN ($_) MODSEQ 1"] } 'MIN', 'MAX', 'MIN MAX', 'MIN COUNT', 'ALL'),
    (map { [ "SORT RETURN ($_) (REVERSE DATE) UTF-8 FLAGGED", /MIN|MAX/ ? 'RFC 5267 3.1: MIN and MAX are the ends of the sorted result' : undef ] } '', 'MIN', 'MAX', 'ALL', 'MIN MAX ALL COUNT'),
    (map { ["SEARCH $_"] } 'OLDER 1000', 'YOUNGER 1000', 'SUBJECT hello', 'HEADER Message-ID a@t', 'HEADER In-Reply-To a@t', 'HEADER References "b@t"', 'HEADER Subject ""',
        'HEADER Date Dec', 'CHARSET ISO-8859-1 SUBJECT h', 'SUBJECT "h llo"', '1:5000', '5000:6000', 'SAVEDSINCE 1-Jan-2020', 'SAVEDBEFORE 1-Jan-2020', 'EMAILID x', 'HEADER Message-ID "<"'),
    [ 'SEARCH OLDER 0', 'RFC 5032 3: not zero' ], [ 'SEARCH FUZZY SUBJECT hello', 'without an engine ours looks for the text itself, 3.6.1 says nothing' ],
);

sub tidy {
    my ($r) = @_;
    my @lines = (grep { !/^\* (?:\d+ (?:EXISTS|RECENT)|FLAGS|OK)/ } @{ $r->{untagged} }, $r->{status});
    # the order of items is free; ours is that of the examples in RFC 4731
    s/TAG "[^"]*"/TAG/, s/ +$//, s/^(\* ESEARCH .*?)( COUNT \d+)(.*?)(?= MODSEQ|$)/$1$3$2/ for @lines;
    return join "\n", @lines;
}

my @answers;
for my $peer ('', 'cyrus') {
    my $i = Halcyon::Test->new(peer => $peer);
    $i->create_users('alice');
    my $c = $i->imap(user => 'alice');
    my $n = 0;
    for my $m (@MADE, map { $_->{bytes} } Halcyon::Corpus::load()) {
        $n++;
        # RFC 5256 2.1: tabs become blanks, many blanks one; 3.6.1 keeps them
        1 while $m =~ s/^(Subject:[^\r]*?)(?:\r\n[ \t]+|\t|  )/$1 /mi;
        my $r = $c->cmd('APPEND INBOX ' . ($n % 4 ? '' : '(\Flagged) ') . sprintf('"%02d-Mar-2020 10:00:%02d +0000" ', 1 + $n % 28, $n % 60), \$m);
    }
    $c->ok('SELECT INBOX');
    push @answers, [ map { tidy($c->cmd($_->[0])) } @COMMANDS ];
    $c->logout;
    $i->stop;
}
for my $n (0 .. $#COMMANDS) {
    my ($command, $reason) = @{ $COMMANDS[$n] };
    if (defined $reason) {
        ok(1, "$command (differs: $reason)");
    } else {
        is($answers[0][$n], $answers[1][$n], $command);
    }
}
if ($ENV{HALCYON_SHOW}) { for my $p (0, 1) { print "== $p\n$COMMANDS[$_][0]\n$answers[$p][$_]\n" for 0 .. $#COMMANDS } print "MSG\n", map { my $k = $_; "--$k\n$MADE[$k-1]" } 1 .. @MADE }
done_testing();
