# imap_concurrent.t - what sessions do to each other's messages, in the cases that the model test found
# covers: NS-37 IM-03 IM-08 PT-16 AC-04
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new;
$i->create_users(qw(alice bob));
my $admin = $i->imap(user => 'cyrus');
$admin->ok('CREATE shared');
$admin->ok('SETACL shared anyone lrswite');
$admin->ok('CREATE shared.in');
$admin->ok('SETACL shared.in anyone lrsi');
my ($a, $b, $b2) = map { $i->imap(user => $_) } qw(alice bob bob);
sub msg { return \"Subject: $_[0]\r\n\r\nbody $_[0]\r\n" }
sub answer { my ($r) = @_; return join ' | ', @{ $r->{untagged} }, "$r->{status} $r->{text}" }
sub fetches { return grep { /FETCH/ } @_ }

# RFC 3501 6.4.6: .SILENT does not hide what another session did
$a->ok('APPEND shared ', msg($_)) for 1 .. 3;
$a->ok('SELECT shared');
$b->ok('SELECT shared');
$a->ok('STORE 1 +FLAGS (\Flagged)');
my @u = $b->ok('STORE 1:2 +FLAGS.SILENT (\Draft)');
is_deeply([ fetches(@u) ], ['* 1 FETCH (FLAGS (\Recent \Flagged \Draft))'], 'a flag of another session is told in spite of .SILENT') or diag(@u);
is_deeply([ fetches($b->ok('STORE 1:2 +FLAGS.SILENT (\Answered)')) ], [], 'without such a flag nothing is');
is_deeply([ map { /^\* (\d)/ } fetches($a->ok('NOOP')) ], [ 1, 2 ], 'the other is told of both');

# EXPUNGE and CLOSE see what was marked a moment ago
$a->ok('STORE 3 +FLAGS.SILENT (\Deleted)');
@u = $b->ok('EXPUNGE');
ok((grep { $_ eq '* 3 EXPUNGE' } @u), 'EXPUNGE removes what another session marked') or diag(@u);
$a->ok('NOOP');
$a->ok('STORE 2 +FLAGS.SILENT (\Deleted)');
$b->ok('CLOSE');
ok((grep { $_ eq '* 2 EXPUNGE' } $a->ok('NOOP')), 'so does CLOSE');

# COPY: \Seen is that of who copies, and a keyword is not lost because it is new
$b->ok('SELECT shared');
$a->ok('STORE 1 FLAGS (\Seen NewWord)');
@u = ($b->ok('COPY 1 INBOX'), $b->ok('SELECT INBOX'), $b->ok('FETCH 1 FLAGS'));
like($u[-1], qr/FLAGS \(.*NewWord.*\)/, 'a keyword that another session has just made goes along');
unlike($u[-1], qr/Seen/, 'the other one has seen it, not this one');
$b->ok('STORE 1 FLAGS (\Seen $Own)');
$b->ok("$_ 1 shared") for 'COPY', 'MOVE';
$b->ok('SELECT shared');
@u = fetches($b->ok('FETCH 2:3 FLAGS'));
like($_, qr/\\Seen/, 'copied or moved into a mailbox of others it stays seen') for @u;
@u = fetches($a->ok('NOOP'), $a->ok('FETCH 2:3 FLAGS'));
unlike($_, qr/\\Seen/, '... by him alone') for @u;
$b->ok('COPY 2 shared.in');
@u = ($b->ok('SELECT shared.in'), $b->ok('FETCH 1 FLAGS'));
like($u[-1], qr/FLAGS \((?:\\Recent )?\\Seen\)/, 'without the right w no keyword comes along (RFC 4314 4)');
unlike("@u", qr/\$Own/, 'and none is made');

# STORE of a keyword without the right to set it makes none
is($b->cmd('STORE 1 +FLAGS (\Seen Unwanted)')->{status}, 'OK', '\Seen alone may be set');
unlike(join(' ', $b->ok('SELECT shared.in')), qr/Unwanted/, 'a keyword that may not be set is not made');

is($b->cmd("STORE 1 $_ ()")->{status}, 'OK', "$_ () changes nothing, as in 3.6.1") for '+FLAGS', '-FLAGS';

# MOVE within one mailbox
$b->ok('SELECT INBOX');
$b->ok('APPEND INBOX ', msg($_)) for 4, 5;
my ($n) = map { /^\* (\d+) EXISTS/ } $b->ok('SELECT INBOX');
my $r = $b->cmd('MOVE 1 INBOX');
like(answer($r), qr/^\* OK \[COPYUID \d+ (\d+) (\d+)\] Completed \| \* 1 EXPUNGE \| \* $n EXISTS \| \* \d RECENT \| OK/, 'MOVE within one mailbox (RFC 6851 3.3)');

# \Seen that is private: two sessions of one user, each knows what the other did
$_->ok('SELECT shared') for $b, $b2;
$b->ok('STORE 1 -FLAGS.SILENT (\Seen)');
$b2->ok('NOOP');
$b->ok('STORE 1 +FLAGS (\Seen)');
my ($m) = join('', $b2->ok('FETCH 1 (FLAGS MODSEQ)')) =~ /MODSEQ \((\d+)\)/;
is((fetches($b2->ok('STORE 1 +FLAGS (\Seen)')))[0] =~ /MODSEQ \((\d+)\)/ ? $1 : '', $m, 'what is set already is no change');
$b->ok('STORE 1 -FLAGS (\Seen)');
@u = fetches($b2->ok('FETCH 1 (FLAGS)'));
unlike($u[0], qr/Seen/, 'FETCH tells the flags as they are');
$b->ok('STORE 1 +FLAGS (\Seen)');
@u = fetches($b2->ok('STORE 1 +FLAGS (\Flagged)'));
like($u[0], qr/Seen/, 'STORE too');

# SEARCH and SORT by flags as they are
$b->ok('STORE 1 +FLAGS.SILENT ($Fresh)');
is(($b2->ok('SEARCH KEYWORD $Fresh'))[0], '* SEARCH 1', 'SEARCH finds a keyword that another session has just made');
$b->ok('STORE 1 -FLAGS.SILENT ($Fresh)');
is(($b2->ok('UID SORT (ARRIVAL) UTF-8 KEYWORD $Fresh'))[0], '* SORT', 'SORT too');

# \Recent: new mail is so in one session of a user
$a->ok('APPEND shared ', msg(6));
my ($last) = map { /^\* (\d+) EXISTS/ } $b->ok('NOOP');
like((fetches($b->ok("FETCH $last FLAGS")))[0], qr/Recent/, 'recent where it is seen first');
$b2->ok('NOOP');
unlike((fetches($b2->ok("FETCH $last FLAGS")))[0], qr/Recent/, 'and there only');

# MYRIGHTS needs one of l r i k x a (RFC 4314 4)
$admin->ok('CREATE shared.dark');
$admin->ok("SETACL shared.dark anyone $_->[0]"), is($b->cmd('MYRIGHTS shared.dark')->{status}, $_->[1], "MYRIGHTS with $_->[0]") for [ 'wte', 'NO' ], [ 'i', 'OK' ];

$i->stop;
is($i->faults, '', 'no process reported a fault');
done_testing;
