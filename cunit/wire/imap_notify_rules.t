# imap_notify_rules.t - NOTIFY: what is refused, what it has to do with other extensions, and what happens when too much
# happens
# rfc: 5465 NOTIFY
# covers: NM-20
use strict;
use warnings;
use IO::Socket::UNIX;
use Socket qw(SOCK_DGRAM pack_sockaddr_un);
use Test::More;
use Time::HiRes qw(time sleep);
use Halcyon::Test;

my $serial = 0;
my $i = Halcyon::Test->new(idled => 1, conf => { munge8bit => 'no' });
$i->create_users('alice', 'bob');
my ($c, $d) = map { $i->imap(user => 'alice') } 1 .. 2;
$d->ok("CREATE INBOX.$_") for 'fence', 'misc';

# As in imap_notify.t: everything done by now has been told when the fence's event is there.
sub heard {
    my ($c) = @_;
    my @lines;
    for (1 .. 2) {
        $d->ok('SETMETADATA INBOX.fence (/private/comment "' . ++$serial . '")');
        push @lines, $c->response until @lines && $lines[-1] =~ /^\* METADATA "?INBOX\.fence"? \/private/;
        pop @lines;
    }
    s/"//g, s/\r\n/|/g for @lines;
    return join ' / ', @lines;
}
sub told { my ($c, $command, @rest) = @_; my $r = $c->cmd($command, @rest); my @l = @{ $r->{untagged} }; s/"//g for @l; return join ' / ', @l, "$r->{status} $r->{text}" }
my $fence = '(mailboxes INBOX.fence (MailboxMetadataChange))';
sub message { my ($subject) = @_; return "From: alice\@x\r\nTo: bob\@x\r\nSubject: $subject\r\n\r\nbody\r\n" }
sub append { $d->ok("APPEND $_[0] ", \message($_[1] // 'm')) }
sub soon { my ($test) = @_; my $end = time + 20; sleep 0.02 until $test->() || time > $end; return $test->() }

# ---- arguments
my $new = 'MessageNew MessageExpunge';
my $bad_event = 'NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange)] No such event';
for my $row (
    [ '', qr/^BAD/ ], [ ' NONE x', qr/^BAD/ ], [ ' SET', qr/^BAD/ ], [ ' SET STATUS', qr/^BAD/ ], [ ' FOO', qr/^BAD/ ],
    [ ' NONE', qr/^OK/ ], [ ' none', qr/^OK/ ], [ ' SET (selected NONE)', qr/^OK/ ], [ ' set status (INBOXES none)', qr/^OK/ ],
    [ ' SET (selected MessageNew (uid body.peek[header.fields (from to subject)]) MessageExpunge) (subtree Lists MessageNew)', qr/^BAD/ ],
    [ ' SET (subtree Lists MessageNew)', qr/^BAD/ ], [ ' SET (subtree Lists (MessageNew))', qr/^BAD/ ],
    [ ' SET (personal (MessageNew))', qr/^BAD/ ], [ ' SET (personal (MessageExpunge))', qr/^BAD/ ],
    [ ' SET (personal (FlagChange))', qr/^BAD/ ], [ ' SET (personal (FlagChange MessageNew))', qr/^BAD/ ],
    [ ' SET (selected (MailboxName))', qr/^BAD/ ], [ " SET (selected ($new ServerMetadataChange))", qr/^BAD/ ],
    [ ' SET (selected NONE) (selected-delayed NONE)', qr/^BAD/ ], [ ' SET (selected NONE) (selected NONE)', qr/^BAD/ ],
    [ ' SET (personal (MessageNew (uid) MessageExpunge))', qr/^BAD/ ], [ ' SET (personal ())', qr/^BAD/ ],
    [ ' SET (nosuch NONE)', qr/^BAD/ ], [ ' SET (subtree-one INBOX NONE)', qr/^BAD/ ], [ ' SET (mailboxes () NONE)', qr/^BAD/ ],
    [ ' SET (mailboxes NONE)', qr/^BAD/ ], [ ' SET (personal NONE) ', qr/^BAD/ ], [ ' SET  (personal NONE)', qr/^BAD/ ],
    [ ' SET (selected (MessageNew (uid nosuch) MessageExpunge))', qr/^BAD/ ], [ ' SET (selected (MessageNew () MessageExpunge))', qr/^BAD/ ],
    [ ' SET (selected (MessageNew all MessageExpunge))', qr/^\Q$bad_event\E$/ ],
    [ ' SET (personal (AnnotationChange))', qr/^\Q$bad_event\E$/ ], [ " SET (personal ($new Foo))", qr/^\Q$bad_event\E$/ ],
    [ ' SET (personal (Foo MessageNew))', qr/^BAD/ ],
    [ " SET (mailboxes (\"INBOX.misc\" INBOX) ($new)) (subscribed (SubscriptionChange))", qr/^OK/ ],
    [ ' SET' . ' (personal NONE)' x 101, qr/^NO \[NOTIFICATIONOVERFLOW\]/ ],
    [ ' SET (mailboxes (' . join(' ', 1 .. 1001) . ') NONE)', qr/^NO \[NOTIFICATIONOVERFLOW\]/ ],
    [ ' SET (mailboxes (' . join(' ', map { "m$_" } 1 .. 999) . " INBOX.misc) ($new))", qr/^OK/ ],
) {
    like(told($c, "NOTIFY$row->[0]"), $row->[1], 'NOTIFY' . substr $row->[0], 0, 80);
}
is(told($c, "NOTIFY SET (mailboxes {10+}\r\nINBOX.misc ($new)) $fence"), 'OK Completed', 'a name as a literal');
append('INBOX.misc');
like(heard($c), qr/^\* STATUS INBOX\.misc \(/, '... is watched');
told($c, 'NOTIFY SET (personal (Foo))');
told($c, 'NOTIFY SET (personal');
append('INBOX.misc');
like(heard($c), qr/^\* STATUS INBOX\.misc \(/, 'what is refused changes nothing');
my $x = $i->imap;
like(told($x, 'NOTIFY NONE'), qr/^BAD/, 'not before login');
$x->close;

# ---- QRESYNC, CONDSTORE
$c->ok('ENABLE QRESYNC');
append('INBOX', $_) for 1 .. 4;
$c->ok('SELECT INBOX');
is(told($c, "NOTIFY SET (selected ($new FlagChange)) (personal ($new)) $fence"), 'OK Completed', 'with QRESYNC');
$d->ok('SELECT INBOX');
$d->ok('UID STORE 2 +FLAGS (\Deleted)');
$d->ok('UID EXPUNGE 2');
like(heard($c), qr/^(\* 2 FETCH \(FLAGS \(\\Recent \\Deleted\) UID 2 MODSEQ \(\d+\)\) \/ )?\* VANISHED 2$/, 'VANISHED');
append('INBOX.misc');
like(heard($c), qr/^\* STATUS INBOX\.misc \(MESSAGES 3 UIDNEXT 4 UIDVALIDITY \d+ HIGHESTMODSEQ \d+\)$/, 'HIGHESTMODSEQ');
is(told($c, "NOTIFY SET (selected-delayed ($new)) $fence"), 'OK Completed', 'delayed');
$d->ok('UID STORE 3 +FLAGS (\Deleted)');
$d->ok('UID EXPUNGE 3');
unlike(heard($c), qr/VANISHED 3|FETCH/, 'VANISHED waits, flags were not asked for');
like(told($c, "NOTIFY SET (selected ($new FlagChange)) $fence"), qr/^\* OK \[HIGHESTMODSEQ \d+\] VANISHED is delayed \/ \* VANISHED 3 \/ \* OK \[HIGHESTMODSEQ \d+\] Ok \/ OK Completed$/, '... for the next NOTIFY at the latest');

# ---- the selected mailbox goes
$d->ok('CREATE INBOX.gone');
append('INBOX.gone');
$c->ok('SELECT INBOX.gone');
$d->ok('DELETE INBOX.gone');
like($c->response, qr/^\* (VANISHED 1|BYE .*deleted)/, 'the selected mailbox is deleted: told at once');
$c = $i->imap(user => 'alice');

# ---- UIDONLY
$c->ok('ENABLE UIDONLY');
$c->ok('SELECT INBOX');
is(told($c, "NOTIFY SET (selected (MessageNew (uid rfc822.size) MessageExpunge)) $fence"), 'OK Completed', 'with UIDONLY');
append('INBOX', 'five');
like(heard($c), qr/^\* 3 EXISTS \/ \* \d RECENT \/ \* 5 UIDFETCH \((UID 5 )?RFC822\.SIZE \d+\)$/, 'UIDFETCH');
$d->ok('UID STORE 5 +FLAGS (\Deleted)');
$d->ok('UID EXPUNGE 5');
is(heard($c), '* VANISHED 5', 'VANISHED');
$c->logout;

# ---- contexts (section 7, 5.2)
$c = $i->imap(user => 'alice');
$c->ok('SELECT INBOX');
is(told($c, "NOTIFY SET (selected ($new FlagChange)) $fence"), 'OK Completed', 'NOTIFY');
my ($e) = $c->ok('SEARCH RETURN (COUNT UPDATE (UID BODY.PEEK[HEADER.FIELDS (TO FROM SUBJECT)])) SUBJECT "boss"');
like($e, qr/^\* ESEARCH \(TAG "(\w+)"\) COUNT 0$/, 'UPDATE with items');
my ($tag) = $e =~ /TAG "(\w+)"/;
append('INBOX', 'the boss');
like(heard($c), qr/^\* 3 EXISTS \/ \* \d RECENT \/ \* 3 FETCH \(UID 6 BODY\[HEADER.FIELDS \(TO FROM SUBJECT\)\] \{\d+\}\|From: alice\@x\|To: bob\@x\|Subject: the boss\|\|\) \/ \* ESEARCH \(TAG $tag\) ADDTO \(0 3\)$/,
    'EXISTS, FETCH, ESEARCH');
append('INBOX', 'somebody else');
like(heard($c), qr/^\* 4 EXISTS \/ \* \d RECENT$/, 'a message that does not match');
my ($e2) = $c->ok('UID SEARCH RETURN (UPDATE (UID RFC822.SIZE) COUNT) OR FLAGGED SUBJECT "boss"');
my ($tag2) = $e2 =~ /TAG "(\w+)"/;
$d->ok('UID STORE 7 +FLAGS (\Flagged)');
like(heard($c), qr/^\* 4 FETCH \(FLAGS \(.*\\Flagged\) UID 7\) \/ \* ESEARCH \(TAG $tag2\) UID ADDTO \(0 7\)$/, 'no items when flags make it match');
append('INBOX', 'boss');
like(heard($c), qr/^\* 5 EXISTS \/ \* \d RECENT \/ \* 5 FETCH \(UID 8 RFC822\.SIZE \d+ BODY\[[^\]]*\] .*\) \/ \* ESEARCH \(TAG $tag\) ADDTO \(0 5\) \/ \* ESEARCH \(TAG $tag2\) UID ADDTO \(0 8\)$/,
    'items of two contexts in one FETCH');
is(told($c, "NOTIFY SET (selected (MessageNew (uid flags) MessageExpunge)) $fence"), 'OK Completed', 'items of NOTIFY, too');
append('INBOX', 'boss');
like(heard($c), qr/^\* 6 EXISTS \/ \* \d RECENT \/ \* ESEARCH [^\/]* \/ \* ESEARCH [^\/]* \/ \* 6 FETCH \(FLAGS \((\\Recent)?\) UID 9 RFC822\.SIZE \d+ BODY\[[^\]]*\] .*\)$/, 'all in one FETCH, behind ESEARCH');
append('INBOX', 'nobody');
like(heard($c), qr/^\* 7 EXISTS \/ \* \d RECENT \/ \* 7 FETCH \(FLAGS \((\\Recent)?\) UID 10\)$/, 'those of NOTIFY alone');
like(told($c, 'UID SORT RETURN (UPDATE (UID)) (SUBJECT) UTF-8 ALL'), qr/OK/, 'SORT takes items, too');
like(told($c, 'SEARCH RETURN (UPDATE ()) ALL'), qr/^BAD/, 'no items');
like(told($c, 'SEARCH RETURN (UPDATE UID) ALL'), qr/^BAD/, 'items without parentheses');
$c->ok('UNSELECT');
# without NOTIFY
my $n = $i->imap(user => 'alice');
$n->ok('SELECT INBOX');
$n->ok('SEARCH RETURN (UPDATE (RFC822.SIZE)) SUBJECT boss');
append('INBOX', 'boss');
like(told($n, 'NOOP'), qr/^\* 8 EXISTS \/ \* \d RECENT \/ \* 8 FETCH \(RFC822\.SIZE \d+\) \/ \* ESEARCH \(TAG \w+\) ADDTO \(0 8\) \/ OK/, 'UPDATE with items without NOTIFY');
$n->logout;
# MessageNew with a body that sets \Seen
$c->ok('SELECT INBOX');
told($c, "NOTIFY SET (selected (MessageNew (BODY[TEXT]) MessageExpunge FlagChange)) $fence");
append('INBOX', 'read');
like(heard($c), qr/FETCH \(FLAGS \(.*\\Seen\) BODY\[TEXT\] \{6\}\|body\|\)$/, 'BODY[TEXT] sets \Seen');

# ---- administrators: all names; messages only where they may read
my $a = $i->imap(user => 'cyrus');
$a->ok("SETACL user.alice.fence cyrus lr");
is(told($a, 'NOTIFY SET (subtree user (MailboxName)) (mailboxes user.alice.fence (MailboxMetadataChange))') =~ /(\S+) Completed$/ && $1, 'OK', 'administrator');
$d->ok('CREATE INBOX.adm');
$d->ok('SETMETADATA INBOX.fence (/shared/comment "adm")');
my @adm = map { s/"//gr } map { $a->response } 1 .. 3;
is(join(' / ', @adm), '* LIST (\HasNoChildren) . user.alice.adm / * LIST (\HasChildren) . user.alice / * METADATA user.alice.fence /shared/comment', '... hears of all names');
$a->logout;

# ---- names whose spelling changes
is(told($c, "CREATE INBOX.&AOk-") =~ /(OK)/ && $1, 'OK', 'a name in modified UTF-7');
is(told($c, "NOTIFY SET (mailboxes INBOX.&AOk- ($new)) (subtree INBOX.&AOk- (MailboxName)) $fence"), 'OK Completed', '... is watched');
$c->ok('ENABLE UTF8=ACCEPT');
append('INBOX.&AOk-');
$d->ok('CREATE INBOX.&AOk-.x');
like(heard($c), qr/^\* STATUS INBOX\.\xc3\xa9 \(.*\) \/ \* LIST \(\\HasNoChildren\) \. INBOX\.\xc3\xa9\.x \/ \* LIST \(\\HasChildren\) \. INBOX\.\xc3\xa9$/, '... also after ENABLE UTF8=ACCEPT');

# ---- an ACL that is too long to be told with the event
my $bob = $i->imap(user => 'bob');
$bob->ok("CREATE INBOX.$_") for 'long', 'quick';
$bob->ok("SETACL INBOX.long " . 'x' x 60 . "$_ l") for 1 .. 120;
heard($c);
is(told($c, "NOTIFY SET (mailboxes (user.bob.long user.bob.long2) (MailboxName)) $fence"), 'OK Completed', 'a mailbox with a long ACL');
$bob->ok('SETACL INBOX.long alice lr');
is(heard($c), '* LIST (\HasNoChildren) . user.bob.long', '... is granted');
$bob->ok('RENAME INBOX.long INBOX.long2');
is(heard($c), '* LIST (\HasNoChildren) . user.bob.long2 (OLDNAME (user.bob.long))', '... renamed');
$bob->ok('DELETE INBOX.long2');
is(heard($c), '* LIST (\NonExistent) . user.bob.long2', '... and deleted');
$bob->logout;

# ---- what is left behind
my @sockets = glob $i->path('conf/socket/idle.*');
is(scalar @sockets, 1, 'one session listens');
$c->ok('UNAUTHENTICATE');
ok(!-e $sockets[0], 'UNAUTHENTICATE ends NOTIFY');
$c->login('alice', 'secret');
append('INBOX');
is(told($c, 'NOOP'), 'OK Completed', '... and nothing is told');

# ---- too much: the session is stopped while idled gets more than it keeps
sub event { my ($letters, $name) = @_; return pack('L! Z* Z* Z* Z* Z* Z* Z* Z*', 5, $name, $letters, 1, $name, '', '', '', '') }
sub pid { my ($path) = glob $i->path('conf/socket/idle.*'); return $path =~ /(\d+)$/ && $1 }
my $idled = pack_sockaddr_un($i->path('conf/socket/idle'));
my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM);
is(told($c, "NOTIFY SET (personal ($new)) $fence"), 'OK Completed', 'NOTIFY anew');
kill STOP => pid();
for (1 .. 6000) { send $s, event('Cn', 'user.alice.misc'), 0, $idled }
kill CONT => pid();
my @lines;
push @lines, $c->response until @lines && $lines[-1] =~ /OVERFLOW/;
is(pop @lines, '* OK [NOTIFICATIONOVERFLOW] Too much has happened: NOTIFY is off', 'NOTIFICATIONOVERFLOW');
ok(@lines < 6000, 'many events were few responses: ' . @lines);
append('INBOX.misc');
is(told($c, 'NOOP'), 'OK Completed', 'NOTIFY NONE is in force');
# a burst that fits is told without loss
is(told($c, "NOTIFY SET (personal ($new)) $fence"), 'OK Completed', 'NOTIFY anew');
kill STOP => pid();
for (1 .. 500) { send $s, event('Cn', 'user.alice.misc'), 0, $idled }
kill CONT => pid();
append('INBOX.misc');
like(heard($c), qr/^\* STATUS INBOX\.misc \(.*\)( \/ \* STATUS INBOX\.misc \(.*\))*$/, 'a burst');
# rubbish, and events that say that others were lost
send $s, $_, 0, $idled for event('Q', 'user.alice'), pack('L! Z* a*', 5, 'user.alice', "Cn\0x"), pack('L! Z*', 6, 'user'), pack('L! Z*', 7, '.'), event('C', 'x' x 1023);
append('INBOX.misc');
like(heard($c), qr/^\* STATUS INBOX\.misc/, 'rubbish does no harm');
send $s, event('CL', 'user.bob'), 0, $idled;
like($c->response, qr/OVERFLOW/, 'a sender that lost some');
is(told($c, "NOTIFY SET (personal ($new)) $fence"), 'OK Completed', 'NOTIFY anew');

# ---- idled ends
sub command { my ($pid) = @_; open my $fh, '<', "/proc/$pid/cmdline" or return ''; return join '', <$fh> }
kill TERM => grep { command($_) =~ m{^[^\0]*idled\0} } $i->processes;
like($c->response, qr/OVERFLOW/, 'idled ends');
append('INBOX.misc');
is(told($c, 'NOOP'), 'OK Completed', '... and nothing more is told');
$i->stop;
is($i->faults, '', 'no complaints');

# ---- without idled; and turned off
$i = Halcyon::Test->new;
$i->create_users('alice');
($c, $d) = map { $i->imap(user => 'alice') } 1 .. 2;
is(told($c, 'NOTIFY SET (personal (MailboxName))'), '* OK [NOTIFICATIONOVERFLOW] Too much has happened: NOTIFY is off / NO [UNAVAILABLE] Other mailboxes cannot be watched now', 'without idled');
$c->ok('SELECT INBOX');
is(told($c, "NOTIFY SET (selected ($new))"), 'OK Completed', 'the selected mailbox needs none');
append('INBOX');
is(told($c, 'NOOP'), '* 1 EXISTS / * 1 RECENT / OK Completed', '... and is told');
$i->stop;
is($i->faults, '', 'no complaints');
$i = Halcyon::Test->new(idled => 1, conf => { delete_mode => 'immediate' });
$i->create_users('alice', 'bob');
($c, $d, $bob) = map { $i->imap(user => $_) } 'alice', 'alice', 'bob';
$d->ok('CREATE INBOX.fence');
$bob->ok("CREATE INBOX.$_"), $bob->ok("SETACL INBOX.$_ alice lr") for 'a', 'b';
$bob->ok('SETACL INBOX.b alice ""');
is(told($c, "NOTIFY SET (subtree user.bob (MailboxName)) $fence"), 'OK Completed', 'delete_mode immediate');
$bob->ok("DELETE INBOX.$_") for 'a', 'b';
like(heard($c), qr/^\* LIST \(\\NonExistent\) \. user\.bob\.a \/ \* LIST \(\\NonExistent\) \. user\.bob$/, 'deleted: told to who could see it');
$i->stop;
is($i->faults, '', 'no complaints');
$i = Halcyon::Test->new(conf => { imapidlepoll => 0 });
$i->create_users('alice');
$c = $i->imap(user => 'alice');
unlike(join(' ', $c->ok('CAPABILITY')), qr/NOTIFY/, 'imapidlepoll 0: not advertised');
is(told($c, 'NOTIFY SET (personal (MailboxName))'), 'NO [UNAVAILABLE] NOTIFY is turned off', '... and not there');
$i->stop;
done_testing();
