# damage.t - files damaged under a running server: what clients are told of it
# covers: PT-11 PT-13 PT-14
use strict;
use warnings;
use Test::More;
use File::Find;
use Halcyon::Test;

my $i = Halcyon::Test->new;
$i->create_users(qw(alice bob));
my $a = $i->imap(user => 'alice');
$a->ok('CREATE INBOX.Work');
$a->ok('SETACL INBOX.Work bob lrsw');
$a->ok('APPEND INBOX.Work (\Seen Project) ', \"Subject: number $_\r\n\r\nbody $_\r\n") for 1 .. 40;
$a->ok('SELECT INBOX.Work');
my @whole = map { s/\\Recent //r } $a->ok('UID FETCH 1:* (FLAGS)');
$a->ok('UNSELECT');

# The directory with most messages, and its metadata.
my (%n, $dir);
find(sub { $n{$File::Find::dir}++ if /^\d+\.\z/ }, "$i->{dir}/spool");
($dir) = sort { $n{$b} <=> $n{$a} } keys %n;
sub slurp { my ($name) = @_; open my $fh, '<:raw', "$dir/$name" or die "$dir/$name: $!"; local $/; return scalar <$fh> }
sub put { my ($name, $bytes) = @_; open my $fh, '+<:raw', "$dir/$name" or die "$dir/$name: $!"; print {$fh} $bytes; truncate $fh, length $bytes; close $fh }
sub alerts { return grep { /^\* (?:OK|NO) \[ALERT\]/ } @_ }

# a byte of cyrus.header: put right, nobody is bothered
my $good = slurp('cyrus.header');
(my $bad = $good) =~ s/Project/Prnject/ or die 'no keyword in cyrus.header';
put('cyrus.header', $bad);
my $c = $i->imap(user => 'alice');
my @told = $c->ok('SELECT INBOX.Work');
like("@told", qr/^(?:(?!Prnject).)*FLAGS \([^)]*Project/s, 'a damaged byte of a keyword name is never shown');
is(scalar alerts(@told), 0, 'and nothing was lost');
is(slurp('cyrus.header'), $good, 'the file is whole again');
$c->logout;

# a byte of a record: the UID that it says is never believed
my $held = $i->imap(user => 'bob');
my @index = (slurp('cyrus.index'));
$index[1] = $index[0];
substr($index[1], 160 + 112 * 20 + 1, 1) = chr 16;
my $n = $#whole + 1;
for my $command ('UID SEARCH ALL', 'UID SEARCH UID 1:30', 'UID FETCH 1:* (FLAGS)', 'UID STORE 15:25 +FLAGS (\Answered)', 'UID COPY 1:30 INBOX') {
    $held->ok('SELECT user.alice.Work');
    put('cyrus.index', $index[1]);
    my $r = $held->cmd($command);
    is($r->{status}, 'NO', "a damaged record: $command");
    is((grep { /1048/ } @{ $r->{untagged} }) + 0, 0, 'and its number is not told');
    is(join(' ', $held->ok('UID SEARCH ALL')), '* SEARCH ' . join(' ', 1 .. $n), 'then all messages are there');
    is(slurp('cyrus.index'), $index[0], 'put right');
}
my ($status) = $held->ok('STATUS user.alice.Work (UNSEEN MESSAGES)');
put('cyrus.index', $index[1]);
my $new = $i->imap(user => 'bob');
is(($new->ok('STATUS user.alice.Work (UNSEEN MESSAGES)'))[0], $status, 'STATUS that counts records');
$_->logout for $new, $held;

# the index cut under sessions that know it: one has the mailbox selected, one had
$held = $i->imap(user => 'bob');
$held->ok('SELECT user.alice.Work');
put('cyrus.index', substr slurp('cyrus.index'), 0, 160 + 112 * 10 + 5);
my $r = $held->cmd('UID SEARCH ALL');
is(join(' ', "$r->{status}:", grep { /SEARCH/ } @{ $r->{untagged} }), 'OK: * SEARCH ' . join(' ', 1 .. 40), 'repaired before it is searched');
is(scalar alerts(@{ $r->{untagged} }), 1, 'and the repair is told');
is(join(' ', $held->ok('UID SEARCH ALL')), '* SEARCH ' . join(' ', 1 .. 40), 'then all messages are there');
is(scalar alerts($held->ok('NOOP')), 0, 'told once');
@told = $a->ok('SELECT INBOX.Work');
is(scalar alerts(@told), 1, 'SELECT of a session that knew the mailbox: an ALERT');
my @now = $a->ok('UID FETCH 1:10 (FLAGS)');
is_deeply(\@now, [ @whole[ 0 .. 9 ] ], 'flags of records that were left');
$c = $i->imap(user => 'alice');
is(scalar alerts($c->ok('EXAMINE INBOX.Work')), 1, 'EXAMINE of a new session: an ALERT');
is(scalar alerts($c->ok('SELECT INBOX')), 0, 'another mailbox: none');
$c->logout;

# POP3: a message whose record is damaged is not left out
my $p = $i->imap(user => 'bob');
$p->ok('APPEND INBOX ', \"Subject: pop $_\r\n\r\nbody $_\r\n") for 1 .. 3;
$p->logout;
my $work = $dir;
find(sub { $dir = $File::Find::dir if $_ eq 'cyrus.index' && -s $_ == 160 + 3 * 112 }, "$i->{dir}/spool");
my $inbox = slurp('cyrus.index');
substr($inbox, 160 + 112 + 60, 1) ^= chr 4;
put('cyrus.index', $inbox);
$p = $i->pop3;
$p->pop_cmd($_) for 'USER bob', 'PASS secret';
like(join(' ', $p->pop_cmd('STAT')), qr/^\+OK 3 /, 'POP3 has all messages');
$p->pop_cmd('QUIT');
$dir = $work;

# names of keywords lost
$a->ok('UNSELECT');
put('cyrus.header', substr $good, 0, 60);
$c = $i->imap(user => 'alice');
is(scalar alerts($c->ok('SELECT INBOX.Work')), 1, 'cyrus.header cut: an ALERT');
$c->ok('STORE 1 +FLAGS (Again)');
$c->logout;
$_->logout for $a, $held;
$i->stop;
done_testing();
