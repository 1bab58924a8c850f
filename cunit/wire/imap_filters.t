# imap_filters.t - named filters: FILTER in searches, and the annotations that hold them
# rfc: 5466 FILTERS
# covers: IM-01 AN-01
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

sub answer { my ($r) = @_; return join ' | ', @{ $r->{untagged} }, "$r->{status} $r->{text}" }
my $i = Halcyon::Test->new;
$i->create_users(qw(alice bob));
my ($c, $b, $adm) = map { $i->imap(user => $_) } qw(alice bob cyrus);
like(($c->ok('CAPABILITY'))[0], qr/ FILTERS /, 'told');
my @m = map { "From: $_->[0]\@example.com\r\nSubject: $_->[1]\r\n\r\n" . 'x' x $_->[2] . "\r\n" } [ boss => 'one', 6000 ], [ boss => 'two', 10 ], [ carl => 'three', 10 ], [ carl => 'four', 6000 ];
$c->ok('APPEND INBOX ', map { (($_ ? ' ' : ''), \$m[$_]) } 0 .. $#m);
$c->ok('SELECT INBOX');
$c->ok('STORE 2,4 +FLAGS.SILENT (\Seen)');
my $found = sub { my $r = $c->cmd(@_); return join ' ', map { s/^\* (?:SEARCH|SORT) ?//r } grep { /SEARCH|SORT/ } @{ $r->{untagged} }, $r->{status} eq 'OK' ? () : "SEARCH$r->{status} $r->{text}" };
my $set = sub { my ($who, $entry, $value, $text) = @_; is(answer($who->cmd("SETMETADATA \"\" ($entry $value)")), $text // 'OK Completed', "$entry $value") };

# the example of 3.1 and 3.2
$set->($c, '"/private/filters/values/on-the-road"', '"OR SMALLER 5000 FROM \\"boss@example.com\\""');
is(answer($c->cmd('GETMETADATA "" "/private/filters/values/on-the-road"')), "* METADATA \"\" (\"/private/filters/values/on-the-road\" {39}\r\nOR SMALLER 5000 FROM \"boss\@example.com\") | OK Completed", 'kept as it was');
is($found->('SEARCH UID 1:900 FILTER on-the-road SINCE "3-Dec-2002"'), '1 2 3', 'FILTER');
is($found->('UID SEARCH FILTER On-The-Road NOT SEEN'), '1 3', 'names have no case');
is($found->('SEARCH RETURN (COUNT) FILTER on-the-road') =~ s/.* //r, '3', 'with RETURN');
is($found->('SORT (REVERSE SUBJECT) UTF-8 FILTER on-the-road'), '2 3 1', 'SORT');
like(join('', $c->ok('THREAD ORDEREDSUBJECT UTF-8 FILTER on-the-road')), qr/^\* THREAD \((?=.*1)(?=.*2)(?=.*3)(?!.*4)/, 'THREAD');
like(join('', $c->ok('ESEARCH IN (selected) FILTER on-the-road')), qr/ALL 1:3/, 'ESEARCH');

# inserted verbatim: what stands before takes as many keys as it needs
$set->($c, '/private/filters/values/two', '"SEEN FROM boss"');
is($found->('SEARCH FILTER two'), '2', 'two keys');
is($found->('SEARCH NOT FILTER two'), '1', 'NOT takes the first');
is($found->('SEARCH NOT (FILTER two)'), '1 3 4', 'in parentheses all');
is($found->('SEARCH OR FILTER two FLAGGED'), '', 'OR takes both');
is($found->('SEARCH OR FLAGGED FILTER two'), '2', 'or one');
is($found->('SEARCH OR FILTER two'), '1 2 4', 'even alone');
is($found->('SEARCH OR FILTER two SUBJECT three FROM carl'), '', 'what follows stays where it is');
is($found->('SEARCH OR SUBJECT three (FILTER two)'), '2 3', 'a list');

# filters within filters: at least 3, no circles
$set->($c, "/private/filters/values/f$_", '"FILTER f' . ($_ + 1) . '"') for 1 .. 7;
$set->($c, '/private/filters/values/f8', '"NOT FILTER two"');
$set->($c, '/private/filters/values/f8', 'NIL');
$set->($c, '/private/filters/values/f4', '"(NOT FILTER two SUBJECT one)"');
is($found->('SEARCH FILTER f1'), '1', 'within four others');
is($found->('SEARCH FILTER f5'), 'SEARCHNO [UNDEFINED-FILTER f8] There is no such filter', 'the one within is missing');
$set->($c, '/private/filters/values/round', '"SEEN FILTER about"');
$set->($c, '/private/filters/values/about', '"UNSEEN FILTER round"');
like($found->('SEARCH FILTER round'), qr/^SEARCHNO \[UNDEFINED-FILTER (?:round|about)\] /, 'a circle');
$set->($c, '/private/filters/values/self', '"FILTER self FILTER self FILTER self"');
is($found->('SEARCH FILTER self'), 'SEARCHNO [UNDEFINED-FILTER self] There is no such filter', 'itself');

# there is none
is($found->('SEARCH FILTER nosuch'), 'SEARCHNO [UNDEFINED-FILTER nosuch] There is no such filter', 'undefined');
is($found->('SORT (SUBJECT) UTF-8 NOT FILTER nosuch'), 'SEARCHNO [UNDEFINED-FILTER nosuch] There is no such filter', 'of SORT');
like(answer($c->cmd('ESEARCH IN (personal) FILTER nosuch')), qr/^NO \[UNDEFINED-FILTER nosuch\]/, 'of ESEARCH');
$c->ok('SEARCH RETURN (SAVE) ALL');
$c->cmd('SEARCH RETURN (SAVE) FILTER nosuch');
is($found->('SEARCH $'), '', 'NO with SAVE empties $ (RFC 5182 2.1)');
is($c->cmd("SEARCH FILTER $_")->{status}, 'BAD', "no name: $_") for '', '"x"', 'a/b', '(x)';

# whose: private before shared, of nobody else
$set->($c, '/shared/filters/values/all-of-us', '"ALL"', 'NO [NOPERM] Permission denied');
$set->($adm, '/shared/filters/values/all-of-us', '"SUBJECT three"');
$set->($adm, '/shared/filters/values/two', '"SUBJECT four"');
$set->($adm, '/shared/filters/descriptions/two', "\"Die vierte\"");
is($found->('SEARCH FILTER all-of-us'), '3', 'shared');
is($found->('SEARCH FILTER two'), '2', 'the own one first');
$set->($c, '/private/filters/values/two', 'NIL');
is($found->('SEARCH FILTER two'), '4', 'then the shared one');
$b->ok('SELECT INBOX');
like(answer($b->cmd('SEARCH FILTER on-the-road')), qr/^NO \[UNDEFINED-FILTER on-the-road\]/, 'nobody else has it');
is(answer($b->cmd('GETMETADATA "" (/private/filters/values/on-the-road)')) =~ s/.*\| //r, 'OK Completed', 'nor sees it');
unlike(answer($b->cmd('GETMETADATA "" (/private/filters/values/on-the-road)')), qr/boss/, 'nor sees it');
like(answer($c->cmd('GETMETADATA "" (DEPTH infinity) (/private/filters /shared/filters)')), qr{/private/filters/values/on-the-road.*/shared/filters/values/all-of-us}s, 'a list of them');
$set->($c, '/private/filters/descriptions/on-the-road', '"Unterwegs"');
like(answer($c->cmd('GETMETADATA "" (/private/filters/descriptions/on-the-road)')), qr/Unterwegs/, 'a description is any text');

# only what can be used is stored
$set->($c, '/private/filters/values/bad', $_, 'NO [CANNOT] These are no complete search criteria') for '"OR SMALLER"', '"FOO"', '"SEEN "', '" SEEN"', '"(SEEN"', '"CHARSET UTF-8 SEEN"', '"FILTER"', '"NOT"';
$set->($c, "\"/private/filters/values/$_\"", '"ALL"', 'NO [CANNOT] Invalid filter name') for 'a/b', 'a b', 'a(b', 'a{b';
$set->($c, '/private/filters/other/x', '"ALL"', 'NO [NOPERM] Permission denied');
is($c->cmd('SETMETADATA INBOX (/private/filters/values/x "ALL")')->{status}, 'NO', 'of the server only');
is(answer($c->cmd('GETMETADATA "" (/private/filters/values/bad)')) =~ /criteria|SMALLER/, '', 'nothing of it was');
$c->ok('SETMETADATA "" (/private/filters/values/later "FILTER not-yet")');
$c->ok('SETMETADATA "" (/private/filters/values/MixedCase "MODSEQ 1")');
is($found->('SEARCH FILTER mixedcase') =~ s/ \(MODSEQ.*//r, '1 2 3 4', 'MODSEQ in a filter');

# charsets: a filter is in UTF-8
my $u = "gr\xc3\xbcn";
$c->ok('APPEND INBOX ', \"Subject: =?utf-8?q?gr=C3=BCn?=\r\n\r\nx\r\n");
$c->ok('SETMETADATA "" (/private/filters/values/green ', \"SUBJECT \"$u\"", ')');
is($found->('SEARCH FILTER green'), '5', 'UTF-8');
is($found->("SEARCH CHARSET $_ FILTER green"), '5', "CHARSET $_") for 'UTF-8', 'us-ascii', 'utf-8';
is(answer($c->cmd('SEARCH CHARSET iso-8859-1 FILTER green')), 'BAD [BADCHARSET (US-ASCII UTF-8)] FILTER is in UTF-8 in SEARCH', 'another one');
is($c->cmd('SETMETADATA "" (/private/filters/values/odd ', \"SUBJECT \"gr\xfcn\"", ')')->{status}, 'NO', 'not in UTF-8');
# a literal within
my $lit = "SUBJECT {5}\r\n$u";
$c->ok('SETMETADATA "" (/private/filters/values/lit ', \$lit, ')');
is($found->('SEARCH FILTER lit'), '5', 'a literal in a filter');

# in a session that knows no message numbers, and in IMAP4rev2
$c->ok('SETMETADATA "" (/private/filters/values/number "1:2" /private/filters/values/new "NEW")');
is($found->('SEARCH FILTER number'), '1 2', 'numbers');
my $r2 = $i->imap(user => 'alice');
$r2->ok('ENABLE IMAP4rev2');
$r2->ok('EXAMINE INBOX');
is($r2->cmd('SEARCH FILTER new')->{status}, 'BAD', 'IMAP4rev2: what is gone is gone');
like(join('', $r2->ok('SEARCH FILTER green')), qr/ESEARCH .* ALL 5/, 'IMAP4rev2');
$r2->ok('ENABLE UIDONLY');
like($r2->cmd('UID SEARCH FILTER number')->{text}, qr/^\[UIDREQUIRED\]/, 'UIDONLY');

# as many as each may have
my $most = 0;
for my $n (0 .. 24) {
    my $r = $b->cmd('SETMETADATA "" (' . join(' ', map { "/private/filters/values/n$n-$_ \"ALL\"" } 1 .. 100) . ')');
    if ($r->{status} ne 'OK') { like($r->{text}, qr/^\[METADATA TOOMANY\]/, 'too many'); last }
    $most += 100;
}
is($most, 2000, 'of one user');
$c->ok('SETMETADATA "" (/private/filters/values/one-more "ALL")');
is($i->faults, '', 'no process reported a fault');
done_testing;
