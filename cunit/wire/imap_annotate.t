#!/usr/bin/perl
# rfc: 5257 ANNOTATE-EXPERIMENT-1
# imap_annotate.t - annotations of messages: the dialogues of the RFC, rights, limits, what goes along, what stays after a crash
# covers: AN-06 AN-07 AN-08 AN-13 AC-13 QU-02 IM-04
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;
use Halcyon::Test;

my $MSG = "Subject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n--x\r\n\r\ntwo\r\n--x--\r\n";
sub answer { my ($r) = @_; return join ' | ', @{ $r->{untagged} }, "$r->{status} $r->{text}" }
sub say_ { my ($c, @cmd) = @_; return answer($c->cmd(@cmd)) }
# The values of one message, by entry: [ private, shared ].
sub values_of {
    my ($c, $n, $want) = @_;
    my ($text) = grep { /ANNOTATION/ } $c->ok("FETCH $n (ANNOTATION ($want value))");
    my %v;
    while ($text =~ m{(/\S+) \(value\.priv (NIL|"[^"]*") value\.shared (NIL|"[^"]*")\)}g) { $v{$1} = "$2 $3" if "$2$3" ne 'NILNIL' }
    return join ', ', map { "$_ $v{$_}" } sort keys %v;
}

my $defs = tempdir(CLEANUP => 1);
chmod 0755, $defs;
open my $f, '>', "$defs/annotations" or die;
print $f "/vendor/example/colour, message, string, backend, value.shared value.priv,\n/vendor/example/rank, message, uint, backend, value.shared, w\n";
close $f;

for my $set ({}, { altnamespace => 'yes', unixhierarchysep => 'yes' }) {
    my $i = Halcyon::Test->new(conf => { annotation_definitions => "$defs/annotations", %$set });
    my ($sep, $mine, $other) = %$set ? ('/', '', 'Other Users/alice') : ('.', 'INBOX.', 'user.alice');
    my $q = sub { my ($n) = @_; return $n =~ / / ? "\"$n\"" : $n };
    $i->create_users(qw(alice bob eve));
    my $c = $i->imap(user => 'alice');
    my ($cap) = $c->ok('CAPABILITY');
    like($cap, qr/ ANNOTATE-EXPERIMENT-1 /, 'advertised');
    $c->ok('APPEND INBOX ', \$MSG) for 1 .. 4;
    $c->ok("CREATE ${mine}box");

    # ---- 4.1, 4.2
    like(join("\n", $c->ok('SELECT INBOX (ANNOTATE)')), qr/^\* OK \[ANNOTATIONS 65536\] Ok$/m, 'SELECT tells how large a value may be');
    like(join("\n", $c->ok('EXAMINE INBOX (CONDSTORE ANNOTATE)')), qr/^\* OK \[ANNOTATIONS READ-ONLY\] Ok$/m, 'EXAMINE that nothing may be set');
    like(say_($c, 'STORE 1 ANNOTATION (/comment (value.priv "x"))'), qr/NO \[CANNOT\]/, 'and it cannot');
    is($c->cmd('SELECT INBOX (ANNOTATE NOSUCH)')->{status}, 'BAD', 'another parameter');
    $c->logout;
    $c = $i->imap(user => 'alice');                     # without CONDSTORE
    $c->ok('SELECT INBOX');

    # ---- 4.5: the examples, silent
    is(say_($c, "STORE 1 ANNOTATION $_"), 'OK Completed', "STORE $_")
        for '(/comment (value.priv "My new comment"))', '(/comment (value.shared NIL))', '(/comment (value.priv "Get tix Tuesday") /altsubject (value.priv "Wots On"))',
        '(/comment (value.priv "My new comment" value.shared "foo\'s bar"))';
    # ---- 4.3, 4.4
    is(say_($c, 'FETCH 1 (ANNOTATION (/comment value))'), '* 1 FETCH (ANNOTATION (/comment (value.priv "My new comment" value.shared "foo\'s bar"))) | OK Completed', 'FETCH value');
    is(say_($c, 'FETCH 1 (ANNOTATION ((/comment /altsubject) value))'),
        '* 1 FETCH (ANNOTATION (/altsubject (value.priv "Wots On" value.shared NIL) /comment (value.priv "My new comment" value.shared "foo\'s bar"))) | OK Completed', 'two entries');
    is(say_($c, 'UID FETCH 1 (UID ANNOTATION (/comment (value.priv size.priv)))'), '* 1 FETCH (UID 1 ANNOTATION (/comment (value.priv "My new comment" size.priv "14"))) | OK Completed', 'value and size');
    is(say_($c, 'FETCH 2 (ANNOTATION (/comment (value size)))'),
        '* 2 FETCH (ANNOTATION (/comment (value.priv NIL value.shared NIL size.priv "0" size.shared "0"))) | OK Completed', 'what is not there is NIL and 0');
    is(say_($c, 'FETCH 2 ANNOTATION (/nosuch value.shared)'), '* 2 FETCH (ANNOTATION (/nosuch (value.shared NIL))) | OK Completed', 'also of an entry that nobody knows');
    is(say_($c, 'FETCH 1 (ANNOTATION (/% value.shared))'), '* 1 FETCH (ANNOTATION (/altsubject (value.shared NIL) /comment (value.shared "foo\'s bar"))) | OK Completed', '% stays on its level');
    is(values_of($c, 1, '/*'), '/altsubject "Wots On" NIL, /comment "My new comment" "foo\'s bar"', '* does not');
    is(values_of($c, 1, '*com*'), '/comment "My new comment" "foo\'s bar"', 'patterns');
    like(say_($c, 'FETCH 1 (FLAGS ANNOTATION (/comment value.priv) UID ANNOTATION (/altsubject size.priv))'),
        qr{^\* 1 FETCH \(FLAGS \(\S*\) UID 1 ANNOTATION \(/altsubject \(value\.priv "Wots On" size\.priv "7"\) /comment \(value\.priv "My new comment" size\.priv "14"\)\)\)}, 'several items are one');
    is($c->cmd("FETCH 1 $_")->{status}, 'BAD', "FETCH $_") for 'ANNOTATION', '(ANNOTATION)', 'ANNOTATION (/comment)', 'ANNOTATION (/comment nosuch)', 'ANNOTATION (/comment "value.*")',
        'ANNOTATION (// value)', 'ANNOTATION (/comment/ value)', 'ANNOTATION (comment value)', 'ANNOTATION (() value)', 'ANNOTATION (/comment ())', 'ANNOTATION (/comment VALUE)', 'ANNOTATION (/0/comment value)';

    # ---- what may be set
    is($c->cmd("STORE 1 ANNOTATION $_")->{status}, 'BAD', "STORE $_") for '', '()', '(/comment)', '(/comment ())', '(/comment (value "x"))', '(/comment (nosuch.priv "x"))', '(//comment (value.priv "x"))',
        '(/comment/ (value.priv "x"))', '("/com*ment" (value.priv "x"))', '(/comment (value.priv atom))', '(/comment (value.priv "x") trailing)', "(/comm\xc3\xa4nt (value.priv \"x\"))";
    like(say_($c, "STORE 1 ANNOTATION $_"), qr/^NO \[NOPERM\]/, "STORE $_") for '(/nosuch (value.priv "x"))', '(/COMMENT (value.priv "x"))', '(/flags/seen (value.priv "1"))', '(/comment (size.priv "3"))',
        '(/vendor/nobody/x (value.priv "x"))', '(/vendor/cmu/cyrus-imapd/thrid (value.shared "x"))', '(/vendor/example/rank (value.priv "1"))';
    is(values_of($c, 1, '/comment'), '/comment "My new comment" "foo\'s bar"', 'nothing of it was set');
    # the site's own
    is(say_($c, 'STORE 2 ANNOTATION (/vendor/example/colour (value.priv "red" value.shared "blue") /vendor/example/rank (value.shared "7"))'), 'OK Completed', 'annotation_definitions');
    like(say_($c, 'STORE 2 ANNOTATION (/vendor/example/rank (value.shared "high"))'), qr/^NO \[CANNOT\]/, 'a value that is not of its type');
    is(values_of($c, 2, '*'), '/vendor/example/colour "red" "blue", /vendor/example/rank NIL "7"', 'they are told');
    # parts
    is(say_($c, 'STORE 2 ANNOTATION (/1/comment (value.priv "first") /2/flags/seen (value.shared "1") /1/vendor/example/colour (value.priv "green"))'), 'OK Completed', 'parts');
    like(say_($c, 'STORE 2 ANNOTATION (/2/flags/seen (value.shared "yes"))'), qr/^NO \[CANNOT\]/, 'a flag is 0, 1 or NIL');
    is($c->cmd("STORE 1:2 ANNOTATION ($_ (value.priv \"x\"))")->{status}, 'BAD', "STORE $_") for '/3/comment', '/1.1/comment', '/1./comment', '/01/comment', '/1x/comment', '/0/comment';
    is($c->cmd('FETCH 1:2 (ANNOTATION (/3/comment value))')->{status}, 'BAD', 'no such part');
    is(values_of($c, 2, '/1/*'), '/1/comment "first" NIL, /1/vendor/example/colour "green" NIL', 'those that are there');
    # binary, empty, none
    is(say_($c, "STORE 3 ANNOTATION (/comment (value.priv ~{5+}\r\na\0b\r\n value.shared {3+}\r\nx\"y))"), 'OK Completed', 'literals and literal8');
    is(say_($c, 'FETCH 3 ANNOTATION (/comment (value size.priv))'), "* 3 FETCH (ANNOTATION (/comment (value.priv ~{5}\r\na\0b\r\n value.shared {3}\r\nx\"y size.priv \"5\"))) | OK Completed", 'and back');
    is(say_($c, 'STORE 3 ANNOTATION (/comment (value.priv "" value.shared NIL))'), 'OK Completed', 'empty and none');
    is(say_($c, 'FETCH 3 ANNOTATION (/comment (value size))'), '* 3 FETCH (ANNOTATION (/comment (value.priv "" value.shared NIL size.priv "0" size.shared "0"))) | OK Completed', 'are not the same');
    # limits
    is(say_($c, 'STORE 4 ANNOTATION (/comment (value.priv ', \('x' x 65536), '))'), 'OK Completed', 'as large as was told');
    like(say_($c, 'STORE 4 ANNOTATION (/comment (value.priv ', \('y' x 65537), '))'), qr/^NO \[ANNOTATE TOOBIG\]/, 'larger');
    like(say_($c, 'FETCH 4 ANNOTATION (/comment size.priv)'), qr/"65536"/, 'the old value stays');
    $c->ok('STORE 4 ANNOTATION (/comment (value.priv NIL))');
    my $many = sub { my ($from, $n) = @_; return join ' ', map { "/1/vendor/example/colour (value.priv \"$_\")" } $from .. $from + $n - 1 };
    like(say_($c, 'STORE 4 ANNOTATION (' . $many->(1, 1001) . ')'), qr/^NO \[ANNOTATE TOOMANY\]/, 'too many');

    # ---- CONDSTORE
    my $d = $i->imap(user => 'alice');
    $d->ok('ENABLE CONDSTORE');
    $d->ok('SELECT INBOX');
    like(say_($d, 'STORE 1 ANNOTATION (/comment (value.priv "again"))'), qr/^\* 1 FETCH \(UID 1 MODSEQ \((\d+)\)\) \| OK/, 'MODSEQ is told (RFC 7162)');
    is(say_($d, 'STORE 1 (UNCHANGEDSINCE 1) ANNOTATION (/comment (value.priv "not this"))'), 'OK [MODIFIED 1] Conditional store failed for some messages', 'UNCHANGEDSINCE');
    my ($high) = join("\n", $d->ok('FETCH 1 (MODSEQ)')) =~ /MODSEQ \((\d+)\)/;
    $d->ok('STORE 1 ANNOTATION (/comment (value.priv "again"))');
    like(say_($d, 'FETCH 1 (MODSEQ)'), qr/MODSEQ \($high\)/, 'the same value is no change');

    # ---- 4.4: what others changed, only to those who asked for it, names alone
    my $e = $i->imap(user => 'alice');
    $e->ok('SELECT INBOX (ANNOTATE)');
    $_->ok('NOOP') for $c, $e;
    $d->ok('STORE 1 ANNOTATION (/comment (value.shared "news") /altsubject (value.priv NIL))');
    like(say_($e, 'NOOP'), qr{^\* 1 FETCH \(FLAGS \([^)]*\) ANNOTATION \(/altsubject /comment\)\) \| OK}, 'names of what changed');
    unlike(say_($c, 'NOOP'), qr/ANNOTATION/, 'not without the parameter');
    unlike(say_($d, 'NOOP'), qr/FETCH/, 'and not to who did it');
    $d->ok('STORE 1 +FLAGS (\Flagged)');
    unlike(say_($e, 'NOOP'), qr/ANNOTATION/, 'a flag is no annotation');
    $e->ok('SELECT INBOX');
    $d->ok('STORE 1 ANNOTATION (/comment (value.shared "more"))');
    unlike(say_($e, 'NOOP'), qr/ANNOTATION/, 'the parameter is for one SELECT');

    # ---- 4.8
    $c->ok("STORE $_->[0] ANNOTATION (/comment (value.priv NIL value.shared NIL) /altsubject (value.priv NIL value.shared NIL))") for ['1:4'];
    $c->ok('STORE 1 ANNOTATION (/comment (value.priv "on IMAP4 again"))');
    $c->ok('STORE 2 ANNOTATION (/comment (value.shared "imap4"))');
    $c->ok("STORE 3 ANNOTATION (/altsubject (value.priv {10+}\r\nIMAP4 \xc3\x84\xc3\xb6))");
    my %search = (
        'ANNOTATION /comment value "IMAP4"' => '1 2', 'ANNOTATION * value.priv "IMAP4"' => '1 3', 'ANNOTATION /comment value.shared IMAP4' => undef, 'ANNOTATION /comment value.shared "IMAP4"' => '2',
        'ANNOTATION /% value "imap4"' => '1 2 3', 'NOT ANNOTATION * value "imap4"' => '4', 'ANNOTATION /comment value.priv NIL' => '2 3 4', 'ANNOTATION /comment value.priv ""' => '1',
        'OR ANNOTATION /altsubject value "4" ANNOTATION /comment value.priv "again"' => '1 3', 'ANNOTATION /nosuch value "x"' => '', 'ANNOTATION /comment size "1"' => undef, 'ANNOTATION /comment value.other "1"' => undef,
        'ANNOTATION /comment value' => undef, 'ANNOTATION /comment' => undef, 'ANNOTATION /1/comment value "first"' => '2', "CHARSET UTF-8 ANNOTATION /altsubject value {4+}\r\n\xc3\xa4\xc3\x96" => '3',
        "CHARSET ISO-8859-1 ANNOTATION /altsubject value {1+}\r\n\xe4" => '3',
    );
    for (sort keys %search) {
        if (defined $search{$_}) { is((grep { /^\* SEARCH/ } $c->ok("SEARCH $_"))[0], "* SEARCH" . ($search{$_} ? " $search{$_}" : ''), "SEARCH $_") }
        else { is($c->cmd("SEARCH $_")->{status}, 'BAD', "SEARCH $_") }
    }
    # ---- 4.9
    $c->ok("STORE $_->[0] ANNOTATION (/altsubject (value.shared $_->[1]))") for [ 1, '"delta"' ], [ 2, '"Bravo"' ], [ 3, '"charlie"' ];
    is(($c->ok("SORT ($_->[0]) UTF-8 ALL"))[0], "* SORT $_->[1]", "SORT $_->[0]")
        for [ 'ANNOTATION /altsubject value.shared', '4 2 3 1' ], [ 'REVERSE ANNOTATION /altsubject value.shared', '1 3 2 4' ], [ 'ANNOTATION /comment value.shared REVERSE ARRIVAL', '1 3 4 2' ], [ 'ANNOTATION /nosuch value.priv', '1 2 3 4' ];
    is($c->cmd("SORT ($_) UTF-8 ALL")->{status}, 'BAD', "SORT $_") for 'ANNOTATION /altsubject value', 'ANNOTATION /altsubject size.priv', 'ANNOTATION /alt* value.priv', 'ANNOTATION /altsubject', 'ANNOTATION';
    like(say_($c, 'SORT RETURN (UPDATE) (ANNOTATION /altsubject value.shared) UTF-8 ALL'), qr/\* NO \[NOUPDATE "a\d+"\].*\| OK/, 'such an order is not kept up to date');

    # ---- 4.7
    is($c->cmd("APPEND ${mine}box ANNOTATION (/comment (value.priv \"Don't send until I say so\")) ", \$MSG)->{status}, 'OK', 'APPEND');
    is($c->cmd("APPEND ${mine}box (\\Seen) \"17-Jul-1996 02:44:25 -0700\" ANNOTATION (/comment (value.shared ", \"li\"t", ' value.priv ', \'b', ') /1/comment (value.priv "p")) ', \$MSG, ' (\Flagged) ANNOTATION (/altsubject (value.priv "two")) ', \$MSG)->{status}, 'OK',
        'with literals, and several messages');
    for my $bad ([ 'BAD', '/comment (value "x")' ], [ 'BAD', '//x (value.priv "x")' ], [ 'NO', '/nosuch (value.priv "x")' ], [ 'BAD', '/3/comment (value.priv "x")' ]) {
        is($c->cmd("APPEND ${mine}box ANNOTATION ($bad->[1]) ", \$MSG)->{status}, $bad->[0], "APPEND with $bad->[1]");
    }
    like(say_($c, "APPEND ${mine}box ANNOTATION (/comment (value.priv ", \('z' x 65537), ')) ', \$MSG), qr/^NO \[ANNOTATE TOOBIG\]/, 'APPEND of too large a value');
    $c->ok("SELECT ${mine}box");
    is(join('; ', map { values_of($c, $_, '*') } 1 .. 3), "/comment \"Don't send until I say so\" NIL; /1/comment \"p\" NIL; /altsubject \"two\" NIL", 'each has its own') or diag explain [ $c->ok('FETCH 1:* (FLAGS ANNOTATION (* value))') ];
    like(say_($c, 'FETCH 2 (FLAGS ANNOTATION (/comment value))'), qr/\\Seen.*value\.priv "b" value\.shared \{4\}\r\nli"t/s, 'literals');
    like(say_($c, 'STATUS INBOX (MESSAGES)'), qr/MESSAGES 4/, 'nothing else came');

    # ---- NOTIFY (RFC 5465) keeps what it was asked for
    my $w = $i->imap(user => 'alice');
    $w->ok("SELECT ${mine}box");
    $w->ok('NOTIFY SET (selected (MessageNew (UID ANNOTATION ((/comm* /1/comment) value)) MessageExpunge))');
    $w->ok('NOOP') for 1 .. 3;
    $c->ok("APPEND ${mine}box ANNOTATION (/comment (value.priv \"told\")) ", \$MSG);
    like(say_($w, 'NOOP'), qr{ANNOTATION \(/1/comment \(value\.priv NIL value\.shared NIL\) /comment \(value\.priv "told" value\.shared NIL\)\)}, 'annotations of a new message');
    $w->logout;
    $c->ok("STORE 4 +FLAGS (\\Deleted)");
    $c->ok('EXPUNGE');

    # ---- rights: another user, other private values
    my $o = $q->($other . $sep . 'box');
    my $b = $i->imap(user => 'bob');
    like(say_($b, "SELECT $o"), qr/^NO \[NONEXISTENT\]/, 'a stranger');
    like(say_($b, "APPEND $o ANNOTATION (/comment (value.priv \"x\")) ", \$MSG), qr/^NO \[TRYCREATE\]/, 'who may not append either');
    for my $row ([ 'lr', 1, 0 ], [ 'lrs', 1, 0 ], [ 'lrn', 1, 1 ], [ 'lrsw', 1, 0 ], [ 'lrswipkxtecda', 1, 0 ], [ 'lrswn', 1, 1 ]) {
        $c->ok("SETACL ${mine}box bob $row->[0]");
        $b->ok("SELECT $o");
        is($b->cmd("STORE 1 ANNOTATION (/comment (value.priv \"bob $row->[0]\"))")->{status}, $row->[1] ? 'OK' : 'NO', "private value with $row->[0]");
        is($b->cmd("STORE 1 ANNOTATION (/comment (value.shared \"bob $row->[0]\"))")->{status}, $row->[2] ? 'OK' : 'NO', "shared value with $row->[0]");
        is($b->cmd("STORE 1 ANNOTATION (/vendor/example/rank (value.shared \"1\"))")->{status}, $row->[0] eq 'lrswn' ? 'OK' : 'NO', "one that wants more with $row->[0]");
    }
    is(values_of($b, 1, '/comment'), '/comment "bob lrswn" "bob lrswn"', 'bob reads his own');
    $c->ok('NOOP');
    is(values_of($c, 1, '/comment'), q{/comment "Don't send until I say so" "bob lrswn"}, 'alice hers');
    is((grep { /^\* SEARCH/ } $c->ok('SEARCH ANNOTATION * value.priv "bob"'))[0], '* SEARCH', 'and nobody finds those of others');
    for my $row ([ 'lin', 0, 1 ], [ 'lri', 1, 0 ], [ 'lrin', 1, 1 ]) {
        $c->ok("SETACL ${mine}box bob $row->[0]");
        is($b->cmd("APPEND $o ANNOTATION (/comment (value.priv \"x\")) ", \$MSG)->{status}, $row->[1] ? 'OK' : 'NO', "APPEND private with $row->[0]");
        is($b->cmd("APPEND $o ANNOTATION (/comment (value.shared \"x\")) ", \$MSG)->{status}, $row->[2] ? 'OK' : 'NO', "APPEND shared with $row->[0]");
    }

    # ---- 4.6: COPY, MOVE
    $c->ok("CREATE ${mine}to");
    $c->ok("CREATE ${mine}plain");
    $c->ok("SETACL ${mine}box bob lrswitedn");
    $c->ok("SETACL ${mine}to bob lrin");
    $c->ok("SETACL ${mine}plain bob lri");
    $b->ok("SELECT $o");
    $b->ok('STORE 2 ANNOTATION (/comment (value.priv "moved" value.shared NIL))');
    $b->ok('COPY 1 ' . $q->("$other${sep}$_")) for 'to', 'plain';
    is($b->cmd('MOVE 2 ' . $q->("$other${sep}to"))->{status}, 'OK', 'MOVE');
    $b->ok('SELECT ' . $q->("$other${sep}to"));
    is(join('; ', map { values_of($b, $_, '/comment') } 1, 2), '/comment "bob lrswn" "bob lrswn"; /comment "moved" NIL', "bob's and the shared ones go along");
    $b->ok('SELECT ' . $q->("$other${sep}plain"));
    is(values_of($b, 1, '/comment'), '/comment "bob lrswn" NIL', 'shared ones only with right n on the target');
    $c->ok("SELECT ${mine}to");
    is(values_of($c, 1, '/comment'), '/comment NIL "bob lrswn"', "alice's stayed behind");
    $c->ok('COPY 1 INBOX');
    $c->ok("COPY 1 ${mine}to");
    is(values_of($c, 3, '/comment'), '/comment NIL "bob lrswn"', 'within one mailbox');
    $c->ok('MOVE 1 INBOX');

    # ---- REPLACE takes nothing along (RFC 8508 3)
    $c->ok('SELECT INBOX');
    $c->ok('REPLACE 1 INBOX ANNOTATION (/comment (value.priv "replaced")) ', \$MSG);
    my ($n) = map { /^\* (\d+) EXISTS/ ? $1 : () } $c->ok("SELECT INBOX");
    is(values_of($c, $n, '*'), '/comment "replaced" NIL', 'REPLACE brings its own');

    # ---- quota
    my $adm = $i->imap(user => 'cyrus');
    my $root = "user${sep}alice";
    $adm->ok("SETQUOTA $root (X-ANNOTATION-STORAGE 2)");
    like(say_($c, 'STORE 1 ANNOTATION (/comment (value.priv ', \('x' x 2049), '))'), qr/^NO \[OVERQUOTA\]/, 'over quota');
    like(say_($c, 'APPEND INBOX ANNOTATION (/comment (value.priv ', \('x' x 2049), ')) ', \$MSG), qr/^NO \[OVERQUOTA\]/, 'APPEND too');
    $c->ok('STORE 1 ANNOTATION (/comment (value.priv ', \('x' x 1500), '))');
    like(say_($c, "COPY 1 ${mine}to"), qr/^NO \[OVERQUOTA\]/, 'COPY too');
    is($c->cmd("MOVE 1 ${mine}to")->{status}, 'OK', 'a MOVE below the same root needs no room');
    like(join("\n", $c->ok('GETQUOTAROOT INBOX')), qr/ANNOTATION-STORAGE [12] 2/, 'it is counted');
    $adm->ok("SETQUOTA $root ()");

    # ---- EXPUNGE, and a crash: all acknowledged values are there, the checksums agree
    $c->ok("SELECT ${mine}to");
    $c->ok('STORE 1 +FLAGS (\Deleted)');
    $c->ok('EXPUNGE');
    $c->ok('SELECT INBOX');
    $c->ok("STORE 1:* ANNOTATION (/altsubject (value.priv \"before\" value.shared \"crash\"))");
    my $before = join "\n", $c->ok('FETCH 1:* (UID MODSEQ ANNOTATION (* (value size)))');
    $_->close for $c, $d, $e, $b, $adm;
    $i->kill_all;
    $i->start;
    my $x = $i->imap(user => 'alice');
    $x->ok('SELECT INBOX');
    is(join("\n", grep { /FETCH/ } $x->ok('FETCH 1:* (UID MODSEQ ANNOTATION (* (value size)))')), join("\n", grep { /FETCH/ } split /\n(?=\*)/, $before), 'all is there after a crash');
    $x->logout;
    is($i->faults, '', 'no fault was found');
    is($i->stop, 0, 'ended');
}
done_testing();
