#!/usr/bin/perl
# oracle_annotate.t - annotations of messages: answers of ours and of Debian's cyrus-imapd 3.6.1, and each with the files of the other
# covers: AN-06 AN-13 AC-13
use strict;
use warnings;
use Test::More;
use Halcyon::Oracle;
use Halcyon::Test;

my $MSG = "Subject: x\r\n\r\nbody\r\n";

# [ command, reason why the answers are not compared ]
my $SILENT = 'RFC 5257 4.5: STORE of annotations is silent; 3.6.1 tells the flags';
my $BAD = 'RFC 5257 3.2: what is not a name is BAD; 3.6.1 says NO, or NIL';
my @COMMANDS = (
    [ 'STORE 1 ANNOTATION (/comment (value.priv "mine" value.shared "ours") /altsubject (value.priv "other"))', $SILENT ],
    [ 'STORE 2 ANNOTATION (/comment (value.shared "two"))', $SILENT ],
    (map { ["FETCH 1:3 (UID ANNOTATION ($_))"] } '/comment value.priv', '/comment (value.shared)', '/comment (value.priv size.priv)', '(/comment /altsubject) value.priv', '/nosuch value.priv', '/% value.priv'),
    [ 'FETCH 1 (ANNOTATION (* value.priv))', 'an entry is told once; thrid, savedate and createdmodseq, which 3.6.1 always gives as NIL, are not' ],
    (map { [ "FETCH 1 (ANNOTATION ($_))", $BAD ] } '// value', '/comment nosuch', '/comment/ value'),
    (map { ["STORE 1 ANNOTATION ($_ (value.priv \"x\"))"] } '/nosuch', '/COMMENT', '/vendor/foo/bar', '/flags/seen'),
    (map { [ "STORE 1 ANNOTATION ($_)", $BAD ] } '//x (value.priv "x")', '/comment (value "x")'),
    ['STORE 1 ANNOTATION ()'], ['STORE 1 ANNOTATION (/comment ())'], ['STORE 1 ANNOTATION'], ['FETCH 1 ANNOTATION'], ['FETCH 1 ANNOTATION (/comment)'],
    (map { ["SEARCH ANNOTATION $_"] } '/comment value "two"', '/comment value.priv "mine"', '* value.shared "o"', '/comment value.priv NIL', '/nosuch value "x"', '/comment size "1"', '/% value "other"'),
    [ 'SEARCH ANNOTATION /comment value "TWO"', 'RFC 5257 7: as other text is searched, without case' ],
    (map { ["SORT ($_) UTF-8 ALL"] } 'ANNOTATION /comment value.shared', 'REVERSE ANNOTATION /comment value.shared', 'ANNOTATION /comment value', 'ANNOTATION /comment size.priv'),
    ['COPY 1 INBOX.to'], ['MOVE 2 INBOX.to'], ['SELECT INBOX.to'],
    ['FETCH 1:* (UID ANNOTATION (/comment value.priv))'], ['FETCH 1:* (UID ANNOTATION (/comment value.shared))'],
    ['GETMETADATA INBOX /shared/vendor/cmu/cyrus-imapd/annotsize'], ['GETMETADATA INBOX.to /shared/vendor/cmu/cyrus-imapd/annotsize'],
);

# Without what depends on the time; entries in one order.
sub tidy {
    my ($r) = @_;
    my @l = (grep { /^\* (?:\d+ FETCH|SEARCH|SORT|METADATA|OK \[ANNOTATIONS)/ } @{ $r->{untagged} }, $r->{status});
    s{\(ANNOTATION \((.*)\)\)$}{ 'ANNOTATION ' . join ' ', sort $1 =~ m{(/\S+ \([^)]*\))}g }e for @l;
    s{(UID \d+) ANNOTATION \((.*)\)\)$}{ "$1 ANNOTATION " . join ' ', sort $2 =~ m{(/\S+ \([^)]*\))}g }e for @l;
    return join "\n", @l, $r->{status};
}

sub prepare {
    my ($i) = @_;
    $i->create_users('alice');
    my $c = $i->imap(user => 'alice');
    $c->ok('APPEND INBOX ', \$MSG) for 1 .. 3;
    $c->ok('CREATE INBOX.to');
    $c->ok('SELECT INBOX');
    return $c;
}

# Everything that is stored, and the checksums over it.
sub state_of {
    my ($i) = @_;
    my $c = $i->imap(user => 'alice');
    my @said;
    for my $box ('INBOX', 'INBOX.to') {
        $c->ok("SELECT $box");
        push @said, map { tidy($c->cmd("FETCH 1:* (UID ANNOTATION ($_))")) } map { ("$_ value.priv", "$_ value.shared") } '/comment', '/altsubject';
        push @said, map { tidy($c->cmd("GETMETADATA $box /shared/vendor/cmu/cyrus-imapd/$_")) } 'annotsize', 'synccrcs';
    }
    $c->logout;
    return join "\n", @said;
}

my (%answers, %instance);
for my $peer ('', 'cyrus') {
    my $i = $instance{$peer} = Halcyon::Test->new(peer => $peer);
    my $c = prepare($i);
    $answers{$peer} = [ map { tidy($c->cmd($_->[0])) } @COMMANDS ];
    $c->logout;
}
for my $n (0 .. $#COMMANDS) {
    my ($command, $reason) = @{ $COMMANDS[$n] };
    defined $reason ? ok(1, "$command (differs: $reason)") : is($answers{''}[$n], $answers{cyrus}[$n], $command);
}

# Each reads what the other wrote, changes it, and gives it back.
for my $way ([ '', 'cyrus' ], [ 'cyrus', '' ]) {
    my ($from, $to) = @instance{@$way};
    my $name = ($way->[0] || 'ours') . ' to ' . ($way->[1] || 'ours');
    my $before = state_of($from);
    $from->stop;
    $to->stop;
    Halcyon::Oracle::adopt($to, $from);
    $to->start;
    is(state_of($to), $before, "$name: the same is read");
    my $c = $to->imap(user => 'alice');
    $c->ok('SELECT INBOX');
    $c->ok('STORE 1 ANNOTATION (/comment (value.priv "changed by the other" value.shared NIL))');
    $c->ok('APPEND INBOX ANNOTATION (/altsubject (value.priv "new")) ', \$MSG);
    $c->ok('STORE 2 +FLAGS (\Deleted)');
    $c->ok('EXPUNGE');
    $c->logout;
    my $after = state_of($to);
    isnt($after, $before, "$name: and changed");
    $to->stop;
    Halcyon::Oracle::adopt($from, $to);
    $from->start;
    is(state_of($from), $after, "$name: and is read on the way back");
    $to->start;
}
is($instance{''}->faults, '', 'no fault was found');
$_->stop for values %instance;
done_testing();
