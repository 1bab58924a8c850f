# imap_rev2.t - IMAP4rev2: what ENABLE IMAP4rev2 changes, and that nothing changes without it
# rfc: 9051 IMAP4rev2
# covers: IM-01 IM-30 NS-30
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

sub answer { my ($r) = @_; return join ' | ', @{ $r->{untagged} }, "$r->{status} $r->{text}" }
my $ja = "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e";
my @faults;

for my $alt ('no', 'yes') {
    for my $unix ('no', 'yes') {
        my $i = Halcyon::Test->new(conf => { altnamespace => $alt, unixhierarchysep => $unix });
        $i->create_users(qw(alice bob));
        my $sep = $unix eq 'yes' ? '/' : '.';
        my $own = $alt eq 'yes' ? '' : "INBOX$sep";
        my $others = $alt eq 'yes' ? "Other Users${sep}alice$sep" : "user${sep}alice$sep";
        my $what = "altnamespace $alt, unixhierarchysep $unix";
        my ($old, $c) = map { $i->imap(user => 'alice') } 1 .. 2;
        $old->ok("CREATE $own$_") for 'a', "a${sep}b", 'Sent';
        $old->ok('SETMETADATA ' . $own . 'Sent (/private/specialuse "\\\\Sent")');
        like(($c->ok('CAPABILITY'))[0], qr/ IMAP4rev1 IMAP4rev2 /, "$what: told");
        is(answer($c->cmd('ENABLE IMAP4rev2')), '* ENABLED IMAP4rev2 | OK Completed', 'ENABLE');

        # SELECT: LIST, OLDNAME where the name is another one; no RECENT, no UNSEEN (6.3.2, E 9 to 12)
        $old->ok('APPEND INBOX ', \"Subject: m$_\r\n\r\nbody\r\n") for 1 .. 3;
        my $inbox = $alt eq 'yes' ? '\HasNoChildren' : '\HasChildren';
        my @told = $c->ok('SELECT inbox');
        is_deeply([ grep { /^\* LIST/ } @told ], ["* LIST ($inbox) \"$sep\" INBOX (\"OLDNAME\" (inbox))"], 'LIST with OLDNAME (8)');
        is_deeply([ grep { /RECENT|UNSEEN/i } @told ], [], 'no RECENT, no UNSEEN');
        is_deeply([ map { / OK \[([A-Z]+)/ ? $1 : /^\* \d+ (EXISTS)/ || /^\* (FLAGS|LIST)/ ? $1 : $_ } @told ],
            [qw(EXISTS FLAGS PERMANENTFLAGS UIDVALIDITY UIDNEXT HIGHESTMODSEQ MAILBOXID URLMECH ANNOTATIONS LIST)], 'what else there is');
        @told = $c->ok("EXAMINE ${own}Sent");
        is($told[0], '* OK [CLOSED] Ok', 'CLOSED first (7.1)');
        is_deeply([ grep { /^\* LIST/ } @told ], ["* LIST (\\HasNoChildren \\Sent) \"$sep\" ${own}Sent"], 'EXAMINE: LIST with the special use');
        is_deeply([ grep { /^\* LIST/ } $c->ok("SELECT ${own}a") ], ["* LIST (\\HasChildren) \"$sep\" ${own}a"], 'with children');
        $c->ok("SUBSCRIBE ${own}a");
        is_deeply([ grep { /^\* LIST/ } $c->ok("EXAMINE ${own}a") ], ["* LIST (\\HasChildren \\Subscribed) \"$sep\" ${own}a"], 'subscribed');
        $c->ok('SELECT INBOX');
        is(scalar(grep { /^\* LIST/ } $old->ok('SELECT INBOX')), 0, 'no LIST in IMAP4rev1');
        like(join("\n", $old->ok('SELECT INBOX')), qr/ RECENT\n.*\[UNSEEN 1\]/s, 'but the old words');

        # SEARCH answers ESEARCH (6.4.4)
        my $search = sub { return (map { s/ \(TAG "\w+"\)//r } grep { /SEARCH/ } $c->ok(@_))[0] };
        is($search->('SEARCH SUBJECT m'), '* ESEARCH ALL 1:3', 'SEARCH');
        is($search->('UID SEARCH SUBJECT m2'), '* ESEARCH UID ALL 2', 'UID SEARCH');
        is($search->('SEARCH SUBJECT nothing'), '* ESEARCH', 'nothing found');
        is($search->('SEARCH RETURN () 1'), '* ESEARCH ALL 1', 'RETURN ()');
        is($search->('SEARCH RETURN (MIN COUNT) ALL'), '* ESEARCH MIN 1 COUNT 3', 'RETURN');
        is($search->('SEARCH RETURN (SAVE) 2:3'), undef, 'SAVE tells nothing');
        is($search->('SEARCH $'), '* ESEARCH ALL 2:3', '$');
        is($search->('SEARCH LARGER 6000000000'), '* ESEARCH', '63 bits');
        is($search->('SEARCH SMALLER 6000000000'), '* ESEARCH ALL 1:3', '63 bits');
        is($search->('SEARCH CHARSET UTF-8 SUBJECT ', \$ja), '* ESEARCH', 'CHARSET is allowed');
        is($search->("SEARCH SUBJECT \"$ja\""), '* ESEARCH', 'UTF-8 in quoted strings');
        like(answer($c->cmd('SEARCH CHARSET x-no SUBJECT x')), qr/^NO \[BADCHARSET/, 'an unknown one is NO');
        is($c->cmd("SEARCH $_")->{status}, 'BAD', "SEARCH $_ is gone (E 12)") for qw(NEW OLD RECENT), 'NOT NEW', 'OR ALL RECENT';
        is($c->cmd('SEARCH LARGER 9223372036854775808')->{status}, 'BAD', '64 bits are too many');
        like(join('', $old->ok('SEARCH RECENT')), qr/^\* SEARCH/, 'IMAP4rev1 has them');

        # what happens elsewhere: no RECENT, UID in every FETCH (E 21)
        $old->ok('APPEND INBOX ', \"Subject: m4\r\n\r\nbody\r\n");
        is_deeply([ $c->ok('NOOP') ], ['* 4 EXISTS'], 'EXISTS alone');
        like(($c->ok('FETCH 4 (FLAGS)'))[0], qr/^\* 4 FETCH \(FLAGS \(\)\)$/, 'no \Recent');
        $old->ok('STORE 1 +FLAGS.SILENT (\Flagged $Forwarded)');
        my @news = $c->ok('NOOP');
        is_deeply([ grep { /FETCH/ } @news ], ['* 1 FETCH (FLAGS (\Flagged $Forwarded) UID 1)'], 'FETCH with UID') or diag "@news";
        $c->ok('STORE 1 +FLAGS.SILENT ($MDNSent $Junk $NotJunk $Phishing)');
        like(join('', $c->ok('FETCH 1 (FLAGS)')), qr/\(\\Flagged \$Forwarded \$MDNSent \$Junk \$NotJunk \$Phishing\)/, 'keywords (2.3.2)');
        is($c->cmd('FETCH 1 (BODY.PEEK[]<5000000000.7000000000>)')->{untagged}[0], '* 1 FETCH (BODY[]<5000000000> "")', 'partial of 63 bits');
        is($c->cmd('FETCH 1 (BODY.PEEK[]<0.0>)')->{status}, 'BAD', 'of nothing');
        is($c->cmd('FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1]<0.2>)')->{untagged}[0], '* 1 FETCH (BINARY.SIZE[1] 6 BINARY[1]<0> {2}'."\r\nbo)", 'BINARY');

        # STATUS (6.3.11)
        is(answer($c->cmd("STATUS INBOX (MESSAGES UIDNEXT UNSEEN DELETED SIZE)")) =~ s/ SIZE \d+//r, '* STATUS INBOX (MESSAGES 4 UIDNEXT 5 UNSEEN 4 DELETED 0) | OK Completed', 'STATUS');
        is($c->cmd('STATUS INBOX (RECENT)')->{status}, 'BAD', 'RECENT is gone');
        is($old->cmd('STATUS INBOX (RECENT)')->{status}, 'OK', 'IMAP4rev1 has it');

        # names in UTF-8 (5.1, A.1), CREATE and RENAME with OLDNAME (6.3.9.7)
        is(answer($c->cmd("CREATE \"$own$ja\"")) =~ s/\[.*?\] //r, 'OK Completed', 'CREATE');
        like(join("\n", $c->ok("LIST \"\" \"$own$ja\"")), qr/"\Q$own$ja\E"$/, 'LIST');
        like(join("\n", $old->ok("LIST \"\" \"${own}&ZeVnLIqe-\"")), qr/\Q${own}\E&ZeVnLIqe-$/, 'and in IMAP4rev1');
        is($c->cmd("CREATE \"${own}u\xcc\x88\"")->{status}, 'NO', 'no Net-Unicode');
        is_deeply([ grep { /LIST/ } $c->ok("RENAME \"$own$ja\" \"${own}x\"") ], ["* LIST (\\HasNoChildren) \"$sep\" ${own}x (\"OLDNAME\" (\"$own$ja\"))"], 'RENAME: OLDNAME');
        like(join('', $old->ok("RENAME ${own}x ${own}y")), qr/^\* OK rename /, 'in IMAP4rev1 as ever');
        if ($alt eq 'no') {
            is_deeply([ grep { /LIST/ } $c->ok("CREATE inbox${sep}z") ], ["* LIST (\\HasNoChildren) \"$sep\" INBOX${sep}z (\"OLDNAME\" (inbox${sep}z))"], 'CREATE of a name that is spelled otherwise');
            $c->ok("DELETE INBOX${sep}z");
        }
        is($c->cmd("CREATE ${own}q$sep")->{untagged}[0], undef, 'a separator at the end is no other name');

        # LIST: \NonExistent; \Noselect where STATUS may not be told (6.3.9.2)
        like(answer($c->cmd("DELETE ${own}a")), qr/^NO \[HASCHILDREN\]/, 'HASCHILDREN');
        $c->ok("SETACL ${own}q bob l");
        $c->ok("SETACL ${own}y bob r");
        my $b = $i->imap(user => 'bob');
        $b->ok('ENABLE IMAP4rev2');
        my ($q, $y) = map { my $n = "$others$_"; $alt eq 'yes' ? "\"$n\"" : $n } qw(q y);
        is_deeply([ $b->ok("LIST \"\" $q RETURN (STATUS (MESSAGES))") ], ["* LIST (\\Noselect \\HasNoChildren) \"$sep\" $q"], 'l without r');
        is_deeply([ $b->ok("LIST \"\" $q") ], ["* LIST (\\HasNoChildren) \"$sep\" $q"], 'when nothing was asked for it is not looked at');
        is($b->cmd("SELECT $q")->{status}, 'NO', 'nor selected');
        my $level = $alt eq 'yes' ? '"Other Users"' : 'user';
        is_deeply([ grep { /\Q$level\E$/ } $b->ok('LIST "" %') ], ["* LIST (\\NonExistent \\HasChildren) \"$sep\" $level"], 'a level that is no mailbox');
        $old->ok("SETACL ${own}y bob lr");
        is_deeply([ grep { /^\* LIST/ } $b->ok("SELECT $y") ], ["* LIST (\\HasNoChildren) \"$sep\" $y"], 'a mailbox of another');
        $old->ok("SETACL ${own}y bob \"\"");
        like(answer($b->cmd("SELECT $y")), qr/\| NO \[NONEXISTENT\]/, 'a stranger') or diag $y;
        is(join('', grep { /LIST/ } @{ $b->cmd("SELECT $y")->{untagged} }), '', 'is told no LIST');

        # MOVE, COPY, APPEND (6.3.12, 6.4.7, 6.4.8)
        like(answer($c->cmd("MOVE 4 ${own}y")), qr/^\* OK \[COPYUID \d+ 4 1\][^|]*\| \* 4 EXPUNGE \| OK/, 'MOVE: COPYUID');
        like(answer($c->cmd("COPY 1 ${own}nosuch")), qr/^NO \[TRYCREATE\]/, 'TRYCREATE');
        like(answer($c->cmd("APPEND ${own}nosuch {4+}\r\na: b")), qr/^NO \[TRYCREATE\]/, 'TRYCREATE');
        is(answer($c->cmd("UID COPY 99 ${own}y")) =~ s/^OK.*/OK/r, 'OK', 'nothing to copy');
        $c->ok('UNSELECT');
        my $adm = $i->imap(user => 'cyrus');
        $adm->ok('ENABLE IMAP4rev2');
        is_deeply([ grep { /^\* LIST/ } $adm->ok("LIST \"\" user${sep}alice${sep}y") ], ["* LIST (\\HasNoChildren) \"$sep\" user${sep}alice${sep}y"], 'an administrator');

        # INBOX is renamed by moving its messages away (6.3.6)
        is_deeply([ grep { /LIST/ } $c->ok("RENAME INBOX ${own}old") ], ["* LIST (\\HasNoChildren) \"$sep\" ${own}old (\"OLDNAME\" (INBOX))"], 'RENAME INBOX');
        is_deeply([ grep { /EXISTS/ } $c->ok("SELECT ${own}old") ], ['* 3 EXISTS'], 'they are there');
        is_deeply([ grep { /EXISTS|LIST/ } $c->ok('SELECT INBOX') ], ['* 0 EXISTS', "* LIST ($inbox) \"$sep\" INBOX"], 'and INBOX is empty');
        # the sample session (8)
        $c->ok("SELECT ${own}old");
        like(join('', $c->ok('FETCH 1 full')), qr/^\* 1 FETCH \(FLAGS \(.*INTERNALDATE ".*" RFC822\.SIZE \d+ ENVELOPE \(.*BODY \(/, 'FETCH FULL');
        like(join('', $c->ok('FETCH 1 body[header]')), qr/BODY\[HEADER\] \{\d+\}\r\nSubject: m1\r\n\r\n/, 'FETCH BODY[HEADER]');
        like(join('', $c->ok('STORE 1 +flags \Deleted')), qr/^\* 1 FETCH \(FLAGS \(.*\\Deleted.*\) UID 1\)/, 'STORE');
        is($c->cmd('CLOSE')->{status}, 'OK', 'CLOSE');

        # NAMESPACE, and the end of it
        like(join('', $c->ok('NAMESPACE')), qr/^\* NAMESPACE \(\(/, 'NAMESPACE');
        $c->ok('UNAUTHENTICATE');
        $c->login(alice => 'secret');
        like(join(' ', $c->ok('SELECT INBOX')), qr/ RECENT/, 'ends with UNAUTHENTICATE');
        $i->stop;
        push @faults, grep { $_ ne '' } $i->faults;
    }
}

# together with UTF8=ACCEPT, which forbids CHARSET
my $u = Halcyon::Test->new(conf => { munge8bit => 'no', reject8bit => 'no' });
$u->create_users('alice');
my $both = $u->imap(user => 'alice');
is(answer($both->cmd('ENABLE IMAP4rev2 UTF8=ACCEPT IMAP4rev2')), '* ENABLED IMAP4rev2 UTF8=ACCEPT | OK Completed', 'both');
$both->ok('SELECT INBOX');
is($both->cmd('SEARCH CHARSET UTF-8 ALL')->{status}, 'BAD', 'CHARSET');
my $alone = $u->imap(user => 'alice');
$alone->ok('ENABLE IMAP4rev2');
is($alone->cmd('APPEND INBOX ', \"Subject: gr\xc3\xbcn\r\n\r\nx\r\n")->{status}, 'OK', 'headers in UTF-8 are part of IMAP4rev2');
$u->stop;
push @faults, grep { $_ ne '' } $u->faults;

# IDLE belongs to it
my $i = Halcyon::Test->new(conf => { imapidlepoll => 0 });
$i->create_users('alice');
my $c = $i->imap(user => 'alice');
unlike(join('', $c->ok('CAPABILITY')), qr/IMAP4rev2/, 'not without IDLE');
is(answer($c->cmd('ENABLE IMAP4rev2')), '* ENABLED | OK Completed', 'nor enabled');
$i->stop;

# IDLE tells news without RECENT, and FETCH with UID
$i = Halcyon::Test->new(idled => 1);
$i->create_users('alice');
my ($a, $b) = map { $i->imap(user => 'alice') } 1 .. 2;
$a->ok('ENABLE IMAP4rev2 CONDSTORE');
$_->ok('SELECT INBOX') for $a, $b;
$a->send("i1 IDLE\r\n");
like($a->response, qr/^\+/, 'IDLE');
$b->ok('APPEND INBOX ', \"Subject: x\r\n\r\nx\r\n");
is($a->response, '* 1 EXISTS', 'EXISTS');
$b->ok('STORE 1 +FLAGS (\Seen)');
my $line = $a->response;
$line = $a->response if $line =~ /MODSEQ\] /;
like($line, qr/^\* 1 FETCH \(FLAGS \(\\Seen\) UID 1 MODSEQ \(\d+\)\)/, 'FETCH with UID, no RECENT between');
$a->send("DONE\r\n");
like($a->response, qr/^i1 OK/, 'DONE');
$i->stop;
is_deeply([ @faults, grep { $_ ne '' } $i->faults ], [], 'no process reported a fault');
done_testing;
