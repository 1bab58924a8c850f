# imap_multiappend.t - several messages in one APPEND: all of them or none
# rfc: 3502 MULTIAPPEND
# covers: IM-01 AC-10 QU-09
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new(conf => { maxmessagesize => 400_000 });
$i->create_users(qw(alice bob));
my ($a, $b, $adm) = map { $i->imap(user => $_) } qw(alice bob cyrus);
sub message { my ($n, $more) = @_; return "From: a\@example.org\r\nSubject: m$n\r\n\r\n" . ($more // "body $n\r\n") }
sub count { my ($c, $box) = @_; my ($l) = $c->ok("STATUS $box (MESSAGES)"); return $l =~ /MESSAGES (\d+)/ ? $1 : undef }
sub open_files { my $n = () = glob $i->path('spool', 'stage.', '*'); return $n }

like(join(' ', $a->ok('CAPABILITY')), qr/ MULTIAPPEND /, 'advertised');

# the example of the RFC: each message with its own flags and date
my $r = $a->cmd('APPEND INBOX (\Seen) ', \message(1), ' (\Flagged work) " 7-Feb-1994 22:43:04 -0800" ', \message(2), ' ', \message(3));
like($r->{text}, qr/^\[APPENDUID (\d+) 1:3\] Completed/, 'APPENDUID with a set');
$a->ok('SELECT INBOX');
my @l = grep { /FETCH/ } $a->ok('FETCH 1:3 (FLAGS INTERNALDATE BODY.PEEK[HEADER.FIELDS (Subject)])');
like($l[0], qr/\\Seen.*Subject: m1/s, 'first');
like($l[1], qr/\\Flagged work.*"0?\s?8-Feb-1994 06:43:04 \+0000".*Subject: m2|\\Flagged work.*7-Feb-1994 22:43:04 -0800.*Subject: m2/s, 'second, with its date');
like($l[2], qr/FLAGS \(\\Recent\).*Subject: m3/s, 'third without flags');
my @files = split ' ', `find @{[$i->path('spool')]} -name '[0-9]*.' | sort`;
is(scalar @files, 3, 'three files');
is((stat $files[1])[9], 760689784, 'the time of the file is the internal date');

# told in the selected mailbox
$r = $a->cmd('APPEND INBOX ', \message(4), ' (\Draft) ', \message(5));
ok((grep { $_ eq '* 5 EXISTS' } @{ $r->{untagged} }), 'EXISTS');
like($r->{text}, qr/^\[APPENDUID \d+ 4:5\]/, 'and APPENDUID');

# refused: nothing stays
sub refused {
    my ($what, $like, @parts) = @_;
    my $had = count($a, 'INBOX');
    my $r = $a->cmd(@parts);
    like("$r->{status} $r->{text}", $like, $what);
    is(count($a, 'INBOX'), $had, "$what: nothing stored");
}
refused('cancelled by an empty message', qr/^NO \[CANNOT\]/, 'APPEND INBOX ', \message(6), ' ', \'');
refused('a bare newline in the last', qr/^NO \[CANNOT\]/, 'APPEND INBOX ', \message(6), ' ', \message(7), ' ', \"a: b\r\n\r\nx\n");
refused('NUL in the first', qr/^NO \[CANNOT\]/, 'APPEND INBOX ', \"a: b\r\n\r\nx\0y\r\n", ' ', \message(7));
refused('an unknown flag of the second', qr/^BAD /, 'APPEND INBOX ', \message(6), ' (\Nope) ', \message(7));
refused('a date that is none', qr/^BAD /, 'APPEND INBOX ', \message(6), ' "99-Foo-2000 00:00:00 +0000" ', \message(7));
refused('too large', qr/^NO \[TOOBIG\]/, 'APPEND INBOX ', \message(6), ' ', \('x' x 500_000));
refused('garbage behind', qr/^BAD /, 'APPEND INBOX ', \message(6), 'garbage');
refused('a blank behind', qr/^BAD /, 'APPEND INBOX ', \message(6), ' ');
refused('an atom behind', qr/^BAD /, 'APPEND INBOX ', \message(6), ' foo');
is($a->cmd('APPEND nosuch ', \message(1), ' ', \message(2))->{text} =~ /^\[TRYCREATE\]/, 1, 'TRYCREATE');

# the same with octets that come unasked: the dialogue stays in step
sub plus { return join '', map { ref $_ ? '{' . length($$_) . "+}\r\n$$_" : $_ } @_ }
sub unasked { my ($c, @parts) = @_; $c->send('x1 ' . plus(@parts) . "\r\nx2 NOOP\r\n"); my @got;
    while (1) { my $l = $c->response; push @got, $l; return @got if $l =~ /^x2 / } }
for my $row (
    [ qr/^x1 OK \[APPENDUID \d+ 6:8\]/, 'stored', 'APPEND INBOX ', \message(6), ' ', \message(7), ' (a b) ', \message(8) ],
    [ qr/^x1 NO \[TRYCREATE\]/, 'no such mailbox', 'APPEND nosuch ', \message(6), ' (b) ', \message(7) ],
    [ qr/^x1 NO/, 'a name that cannot be', 'APPEND "a..b" ', \message(6), ' (b) ', \message(7) ],
    [ qr/^x1 BAD/, 'bad date', 'APPEND INBOX "zzz" ', \message(6), ' (b) ', \message(7) ],
    [ qr/^x1 BAD/, 'bad flag of the second', 'APPEND INBOX ', \message(6), ' (\No) ', \message(7), ' ', \message(8) ],
    [ qr/^x1 NO \[CANNOT\]/, 'an empty one in the middle', 'APPEND INBOX ', \message(6), ' ', \'', ' ', \message(8) ],
    [ qr/^x1 NO \[CANNOT\]/, 'bare newline in the middle', 'APPEND INBOX ', \message(6), ' ', \"a: b\n\n", ' ', \message(8) ],
    [ qr/^x1 NO \[TOOBIG\]/, 'too large', 'APPEND INBOX ', \message(6), ' ', \('x' x 500_000), ' ', \message(8) ],
    [ qr/^x1 BAD/, 'words between', 'APPEND INBOX ', \message(6), ' FOO ', \message(8) ],
    [ qr/^x1 BAD/, 'no blank between', 'APPEND INBOX ', \message(6), '', \message(8) ],
) {
    my ($like, $what, @parts) = @$row;
    my @got = unasked($a, @parts);
    ok((grep { $_ =~ $like } @got), "unasked: $what") or diag "@got";
    is($got[-1], 'x2 OK Completed', "unasked: $what: in step");
}
is(count($a, 'INBOX'), 8, 'and stored is what was acknowledged');

# asked for and not: a waiting literal behind a refusal is answered at once
$a->send("y1 APPEND nosuch " . plus(\message(1)) . " {10}\r\n");
like($a->response, qr/^y1 NO \[TRYCREATE\]/, 'the answer takes the place of the continuation');

# more than memory keeps, small ones and one that goes through its own file
my @many = map { (' ', \message("big$_", "line of text\r\n" x 8000)) } 1 .. 100;       # 10 MB
$r = $a->cmd('APPEND INBOX ', \message('first'), @many, ' ', \message('large', "text\r\n" x 60_000));
like($r->{text}, qr/^\[APPENDUID \d+ 9:110\]/, 'large command');
is(open_files(), 0, 'no staged file is left');
my ($size) = grep { /FETCH/ } $a->ok('UID FETCH 110 (RFC822.SIZE BODY.PEEK[HEADER.FIELDS (Subject)])');
like($size, qr/RFC822.SIZE @{[ length message('large', "text\r\n" x 60_000) ]}.*mlarge/s, 'the large one');
@l = grep { /FETCH/ } $a->ok('UID FETCH 10:109 (BODY.PEEK[])');
is(scalar(grep { /Subject: mbig(\d+)\r\n\r\n(line of text\r\n){8000}\)/s } @l), 100, 'the others, byte by byte');
$r = $a->cmd('APPEND INBOX ', \message('first'), (map { (' ', \message($_, "line of text\r\n" x 8000)) } 1 .. 90), ' ', \"bad\n\nx\n");
like($r->{text}, qr/^\[CANNOT\]/, 'refused at its end');
is(open_files(), 0, 'its staged files are gone');
is(count($a, 'INBOX'), 110, 'nothing stored');

# very many small ones
my $bulk = 'z1 APPEND INBOX' . join('', map { ' ' . plus(\message($_)) } 1 .. 3000) . "\r\n";
$a->send($bulk);
my $answer;
do { $answer = $a->response } until $answer =~ /^z1 /;
like($answer, qr/^z1 OK \[APPENDUID \d+ 111:3110\]/, '3000 messages');

# quota: all or nothing, told before the octets are read, or by the sum
$adm->ok('SETQUOTA user.bob (STORAGE 20)');
$r = $b->cmd('APPEND INBOX ', \message(1, "x\r\n" x 3000), ' ', \message(2, "x\r\n" x 3000));
like($r->{text}, qr/^\[APPENDUID/, 'within the quota');
$r = $b->cmd('APPEND INBOX ', \message(3), ' ', \message(2, "x\r\n" x 3000));
like($r->{text}, qr/^\[OVERQUOTA\]/, 'the sum is over it');
is(count($b, 'INBOX'), 2, 'nothing of it stored');

# rights: flags of each message by the rights of the user, \Seen of a reader is his own
$a->ok('CREATE INBOX.Shared');
$a->ok('SETACL INBOX.Shared bob lrsi');
$r = $b->cmd('APPEND user.alice.Shared (\Seen) ', \message(1), ' (\Flagged kw) ', \message(2), ' (\Seen \Deleted) ', \message(3));
like($r->{text}, qr/^\[APPENDUID \d+ 1:3\]/, 'a sharee');
$b->ok('SELECT user.alice.Shared');
is(join(' ', map { /FLAGS \((.*?)\)/ ? "<$1>" : () } $b->ok('FETCH 1:3 FLAGS')), '<\Recent \Seen> <\Recent> <\Recent \Seen>', 'flags that he may set');
$a->ok('SELECT INBOX.Shared');
unlike(join(' ', $a->ok('FETCH 1:3 FLAGS')), qr/Seen/, '\Seen is his own');
$a->ok('SETACL INBOX.Shared bob li');
is($b->cmd('APPEND user.alice.Shared ', \message(4), ' ', \message(5))->{text}, 'Completed', 'no UIDs without the right to read');
$a->ok('SETACL INBOX.Shared bob lr');
like($b->cmd('APPEND user.alice.Shared ', \message(4), ' ', \message(5))->{text}, qr/^\[NOPERM\]/, 'not without i');
$a->ok('SETACL INBOX.Shared bob i');
like($b->cmd('APPEND user.alice.Shared ', \message(4))->{text}, qr/^Completed|^\[TRYCREATE\]/, 'i without l');
$a->ok('DELETEACL INBOX.Shared bob');
like($b->cmd('APPEND user.alice.Shared ', \message(4))->{text}, qr/^\[TRYCREATE\]/, 'a stranger is told that there is none');

# 128 user flags at most: the command fails as a whole
$a->ok('CREATE INBOX.Flags');
$r = $a->cmd('APPEND INBOX.Flags (one) ', \message(1), ' (' . join(' ', map { "k$_" } 1 .. 127) . ') ', \message(2));
like($r->{text}, qr/^\[LIMIT\]/, 'too many user flags');
is(count($a, 'INBOX.Flags'), 0, 'nothing stored');

# a client that goes away in the middle
my $g = $i->imap(user => 'alice');
$g->send('g1 APPEND INBOX.Flags ' . plus(\message(1)) . " {100}\r\n");
like($g->response, qr/^\+/, 'second message asked for');
$g->send('From: half');
$g->close;
$a->ok('NOOP');
is(count($a, 'INBOX.Flags'), 0, 'nothing of a command that did not end');
$i->stop;
is($i->faults, '', 'no process reported a fault');
done_testing();
