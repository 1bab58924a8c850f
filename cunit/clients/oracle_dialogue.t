#!/usr/bin/perl
# oracle_dialogue.t - the same commands to ours and to Debian's cyrus-imapd 3.6.1: the same answers.
# What ours means to answer otherwise is marked in the tables, with the reason.
# covers: IM-01 IM-09 NS-04 NS-05 NS-16 NS-29 NS-30 AC-14 AC-18 AC-19 AC-37 AC-38 AC-39 AC-40 QU-07 PO-05 PO-10 DL-04 DL-10 DL-14 DL-17
use strict;
use warnings;
use Test::More;
use Halcyon::Corpus;
use Halcyon::Test;

# [ user, command (a literal after "<<"), reason why the answers are not compared ]
my @IMAP = (
    [ alice => 'NOOP' ], [ alice => 'NAMESPACE' ], [ alice => 'ENABLE FOO', 'RFC 5161 3.1: ENABLED MUST be sent' ], [ alice => 'LOGIN alice secret' ],
    [ alice => 'LIST "" ""' ], [ alice => 'LIST "" INBOX' ], [ alice => 'LIST "INBOX" *' ], [ alice => 'LIST "INBOX." %' ],
    [ alice => 'LIST "" inbox', '3.6.1 finds INBOX in a pattern only in capitals (RFC 3501 5.1: any case)' ],
    # selected
    [ alice => 'FETCH 1 FLAGS' ], [ alice => 'SELECT nosuch' ], [ alice => 'SELECT INBOX' ], [ alice => 'FETCH 1:* (UID FLAGS)' ],
    [ alice => 'FETCH 1 FAST' ], [ alice => 'FETCH 1 ALL' ], [ alice => 'FETCH 1 FULL' ], [ alice => 'FETCH 1 BODY.PEEK[HEADER.FIELDS (Subject)]' ],
    [ alice => 'FETCH 1 (BODY.PEEK[TEXT]<0.10>)' ], [ alice => 'FETCH 1 (BODY[TEXT]<0.10>)' ], [ alice => 'FETCH 1 (BODY.PEEK[]<100000.10>)' ],
    [ alice => 'FETCH 2 (BODY.PEEK[1])' ], [ alice => 'FETCH 2 (BODY.PEEK[2])' ], [ alice => 'FETCH 2 RFC822.TEXT' ], [ alice => 'FETCH 1 (NOSUCH)' ],
    [ alice => 'FETCH abc FLAGS' ], [ alice => 'FETCH 1 BODY[' ], [ alice => 'FETCH 1' ], [ alice => 'FETCH' ], [ alice => 'FETCH 1 BODY.PEEK[]<0.0>' ],
    [ alice => 'FETCH 99 FLAGS', '3.6.1 says NO to a number without message, ours BAD (RFC 3501 9: seq-number)' ],
    [ alice => 'UID FETCH 99 FLAGS' ], [ alice => 'UID FETCH 1:2 FLAGS' ], [ alice => 'UID FETCH *:1 UID' ], [ alice => 'FETCH 1,1,1 UID' ], [ alice => 'UID NOSUCH 1' ],
    [ alice => 'STORE 1 +FLAGS (\Flagged)' ], [ alice => 'STORE 1 +FLAGS \Answered' ], [ alice => 'STORE 1 FLAGS (a b c)' ], [ alice => 'STORE 1 FLAGS ()' ],
    [ alice => 'STORE 1 +FLAGS (\Flagged)' ], [ alice => 'STORE 1 +FLAGS (\Flagged)', '3.6.1 says nothing of a flag that was set already (RFC 3501 6.4.6 wants the value)' ],
    [ alice => 'STORE 1 -FLAGS.SILENT (\Flagged)', '3.6.1 answers .SILENT with a FETCH at times' ],
    [ alice => 'STORE 1 +FLAGS (\Recent)' ], [ alice => 'STORE 1 +FLAGS (\NoSuch)' ], [ alice => 'STORE 1 FLAG (\Seen)' ],
    [ alice => 'UID STORE 2 +FLAGS (\Deleted)' ],
    (map { [ alice => "SEARCH $_" ] } 'ALL', 'UNSEEN', '1:2', 'UID 1:2', 'NOT 1', 'OR SEEN DELETED', '(SEEN) (NOT DELETED)', 'NOSUCH', 'CHARSET UTF-8 SUBJECT x',
        'SINCE 1-Jan-2000 BEFORE 1-Jan-2040', 'SINCE 1-Foo-2000', 'KEYWORD nope', 'LARGER 1 SMALLER 100000', 'HEADER Subject message', 'SENTON 22-Jan-2015',
        '*', 'TEXT ""', 'SUBJECT ""', 'HEADER X-Nope ""', 'NOT NOT SEEN', 'UNKEYWORD foo NEW', 'OLD RECENT', 'ON 1-Jan-2020', 'SENTBEFORE 31-Dec-2014', 'FROM sender TO alice'),
    [ alice => 'SEARCH' ], [ alice => 'UID SEARCH ALL' ], [ alice => 'SEARCH CHARSET X-NOSUCH SUBJECT x', '3.6.1 says BAD, RFC 3501 6.4.4 NO [BADCHARSET]' ],
    [ alice => 'COPY 1 nosuch' ], [ alice => 'COPY 1 INBOX.nosuch' ], [ alice => 'COPY 1 INBOX' ], [ alice => 'UID COPY 1 INBOX' ],
    [ alice => 'COPY 1 "bad..name"', 'no such name can be (decision on empty levels)' ],
    [ alice => 'EXPUNGE' ], [ alice => 'UID EXPUNGE 1' ], [ alice => 'CHECK' ], [ alice => 'CLOSE' ], [ alice => 'CLOSE' ], [ alice => 'UNSELECT' ], [ alice => 'FETCH 1 FLAGS' ],
    [ alice => 'EXAMINE INBOX' ], [ alice => 'UNSELECT' ],
    # mailboxes
    [ alice => 'CREATE INBOX' ], [ alice => 'CREATE INBOX.a' ], [ alice => 'CREATE INBOX.a' ], [ alice => 'CREATE INBOX.b.' ], [ alice => 'CREATE INBOX.c.d.e' ],
    [ alice => 'CREATE user.bob.x' ], [ alice => 'CREATE top' ], [ alice => 'CREATE ""' ], [ alice => 'CREATE INBOX.with/slash' ], [ alice => 'CREATE "INBOX.sp ace"' ],
    [ alice => 'CREATE INBOX.&ABC' ], [ alice => 'CREATE INBOX.&AOQ-' ], [ alice => 'CREATE "INBOX.per%cent"' ], [ alice => 'CREATE INBOX.a part' ],
    [ alice => 'LIST "" *' ], [ alice => 'LIST "" %' ], [ alice => 'LIST "" INBOX.%' ], [ alice => 'DELETE INBOX.a' ], [ alice => 'DELETE INBOX.a' ],
    [ alice => 'DELETE INBOX' ], [ alice => 'DELETE INBOX.c' ], [ alice => 'LIST "" *' ], [ alice => 'RENAME INBOX.b INBOX.bb' ], [ alice => 'RENAME INBOX.b INBOX.bbb' ],
    [ alice => 'RENAME INBOX.bb INBOX.c.d.e' ], [ alice => 'RENAME INBOX.c INBOX.cc' ], [ alice => 'RENAME INBOX.bb user.bob.bb' ], [ alice => 'RENAME INBOX.bb bb' ],
    [ alice => 'LIST "" *' ], [ alice => 'SUBSCRIBE INBOX.bb' ], [ alice => 'SUBSCRIBE INBOX.nosuch' ], [ alice => 'UNSUBSCRIBE INBOX.nosuch' ],
    [ alice => 'LSUB "" *' ], [ alice => 'LSUB "" %' ], [ alice => 'SUBSCRIBE INBOX.cc.d.e' ], [ alice => 'LSUB "" INBOX.%' ],
    [ alice => 'LIST (SUBSCRIBED) "" *' ], [ alice => 'LIST "" * RETURN (SUBSCRIBED CHILDREN)' ], [ alice => 'LIST "" * RETURN (STATUS (MESSAGES UIDNEXT))' ],
    [ alice => 'LIST "" (INBOX INBOX.%)' ], [ alice => 'LIST (RECURSIVEMATCH) "" *' ], [ alice => 'LIST (NOSUCH) "" *' ],
    [ alice => 'STATUS INBOX (MESSAGES RECENT UIDNEXT UNSEEN)' ], [ alice => 'STATUS INBOX (NOSUCH)' ], [ alice => 'STATUS INBOX ()' ], [ alice => 'STATUS nosuch (MESSAGES)' ],
    [ alice => 'STATUS INBOX MESSAGES' ],
    # annotations, special uses, what came with RFC 5258
    (map { [ alice => $_ ] } 'SETMETADATA INBOX (/private/comment "mine")', 'SETMETADATA INBOX (/shared/comment "all")', 'GETMETADATA INBOX (/shared/comment /private/comment)',
        'GETMETADATA INBOX (MAXSIZE 4) (/private/comment)', 'GETMETADATA INBOX /shared/vendor/cmu/cyrus-imapd/sharedseen', 'GETMETADATA INBOX (/private/%)', 'GETMETADATA INBOX ()', 'GETMETADATA nosuch /shared/comment',
        'GETMETADATA INBOX (/other/comment)', 'SETMETADATA INBOX (/shared/vendor/cmu/cyrus-imapd/expire "x")', 'SETMETADATA INBOX (/shared/vendor/cmu/cyrus-imapd/size "1")', 'SETMETADATA INBOX (/shared/nosuch "1")',
        'SETMETADATA user.bob (/private/comment "1")', 'SETMETADATA "" (/shared/comment "1")', 'SETMETADATA "" (/private/comment "1")', 'GETMETADATA "" (/private/comment)', 'SETMETADATA INBOX (/private/comment NIL)',
        'GETMETADATA INBOX (/private/comment)', 'CREATE INBOX.uu (USE (\Sent))', 'CREATE INBOX.u2 (USE (\Sent))', 'CREATE INBOX.u3 (USE (\Drafts \Junk))', 'CREATE INBOX.u4 (PARTITION default)',
        'LIST "" INBOX.u*', 'LIST (SPECIAL-USE) "" *', 'LIST "" INBOX.u* RETURN (SPECIAL-USE)', 'LIST (SUBSCRIBED SPECIAL-USE) "" *', 'XLIST "" INBOX*', 'RLIST "" INBOX.u*', 'SUBSCRIBE INBOX.uu', 'LSUB "" INBOX.u*', 'RLSUB "" INBOX.u*',
        'LIST "" INBOX.u* RETURN (MYRIGHTS)', 'LIST "" INBOX.u3 RETURN (METADATA (/private/comment))', 'LIST "" INBOX.uu RETURN (SUBSCRIBED MYRIGHTS STATUS (MESSAGES SIZE))', 'LIST () "" INBOX.uu', 'LIST "" ()', 'LIST "" ("" INBOX)',
        'LIST "INBOX." .uu', 'LIST "INBOX" .uu', 'LIST "INBOX" uu', 'DELETE INBOX.uu', 'RENAME INBOX.u3 INBOX.u5.u3', 'RENAME INBOX.u3 INBOX.u5', 'SETMETADATA INBOX.uu (/private/specialuse NIL)', 'DELETE INBOX.uu', 'SETMETADATA INBOX.u5 (/private/specialuse NIL)', 'DELETE INBOX.u5',
        'UNSUBSCRIBE INBOX.uu', 'GETANNOTATION INBOX "/comment" "value.shared"'),
    [ alice => 'STATUS INBOX (SIZE MAILBOXID)', '3.6.1 gives bytes of freed memory for the id when it is asked for with others' ],
    [ alice => 'GETMETADATA (MAXSIZE 3) INBOX (/private/comment)', '3.6.1 does not tell LONGENTRIES of a value that is the only one (RFC 5464 4.2.1)' ],
    [ alice => 'SETQUOTA INBOX (STORAGE 1)' ], [ alice => 'NOOP', '3.6.1 takes the rest of a refused line for the next command' ],
    # append
    [ alice => 'APPEND INBOX <<Subject: x\r\n\r\nbody\r\n' ], [ alice => 'APPEND INBOX (\Seen \Deleted kw) <<Subject: y\r\n\r\nbody\r\n' ],
    [ alice => 'APPEND INBOX "01-Jan-2015 00:00:00 +0000" <<Subject: z\r\n\r\nbody\r\n' ], [ alice => 'APPEND INBOX "31-Foo-2015 00:00:00 +0000" <<Subject: z\r\n\r\nbody\r\n' ],
    [ alice => 'APPEND INBOX (\Nope) <<Subject: z\r\n\r\nbody\r\n' ], [ alice => 'APPEND INBOX.nosuch <<Subject: z\r\n\r\nbody\r\n' ], [ alice => 'APPEND nosuch <<Subject: z\r\n\r\nbody\r\n' ],
    [ alice => 'APPEND user.bob <<Subject: z\r\n\r\nbody\r\n' ], [ alice => 'APPEND INBOX <<bare: 1\n\r\nbody\r\n' ], [ alice => 'APPEND INBOX <<bare: 1\r2\r\n\r\nbo\rdy\r\n' ], [ alice => 'APPEND INBOX <<no header\r\n' ], [ alice => 'APPEND INBOX <<\r\nonly body\r\n' ],
    [ alice => 'SELECT INBOX' ], [ alice => 'FETCH 1:* (FLAGS UID)' ], [ alice => 'FETCH 1:* ENVELOPE' ], [ alice => 'FETCH 1:* BODYSTRUCTURE' ], [ alice => 'FETCH * FLAGS' ],
    [ alice => 'UID MOVE 1 INBOX.bb' ], [ alice => 'MOVE 1 INBOX.nosuch' ], [ alice => 'SELECT INBOX.bb' ],
    # rights
    (map { [ alice => $_ ] } 'GETACL INBOX', 'GETACL user.bob', 'GETACL nosuch', 'SETACL INBOX.bb bob lr', 'SETACL INBOX.bb bob +s', 'SETACL INBOX.bb bob -l',
        'SETACL INBOX.bb bob Z', 'SETACL INBOX.bb bob ""', 'SETACL INBOX.bb anyone lrs', 'SETACL INBOX.bb -bob w', 'SETACL INBOX.bb bob cd', 'SETACL nosuch bob lr',
        'SETACL user.bob alice lr', 'GETACL INBOX.bb', 'DELETEACL INBOX.bb bob', 'DELETEACL INBOX.bb nosuch', 'DELETEACL INBOX.bb -bob', 'LISTRIGHTS INBOX.bb alice',
        'LISTRIGHTS INBOX.bb bob', 'LISTRIGHTS INBOX.bb anyone', 'LISTRIGHTS INBOX anyone', 'MYRIGHTS INBOX', 'MYRIGHTS INBOX.bb', 'MYRIGHTS nosuch', 'MYRIGHTS user.bob',
        'GETQUOTAROOT INBOX', 'GETQUOTAROOT nosuch', 'NOSUCH', 'SELECT', 'SELECT INBOX extra'),
    [ alice => 'LOGOUT' ],
    (map { [ bob => $_ ] } 'LIST "" *', 'LIST "" user.alice*', 'SELECT user.alice.bb', 'FETCH 1 FLAGS', 'STORE 1 +FLAGS (\Deleted)', 'STORE 1 +FLAGS (\Seen)', 'STORE 1 +FLAGS (\Flagged)', 'EXPUNGE',
        'COPY 1 INBOX', 'SELECT user.alice', 'STATUS user.alice (MESSAGES)', 'MYRIGHTS user.alice.bb', 'GETACL user.alice.bb', 'APPEND user.alice.bb <<Subject: q\r\n\r\nx\r\n',
        'DELETE user.alice.bb', 'RENAME user.alice.bb INBOX.bb', 'CREATE user.alice.bb.sub', 'SETACL user.alice.bb bob lrswi', 'SUBSCRIBE user.alice.bb', 'LSUB "" *'),
    # CONDSTORE and QRESYNC
    (map { [ carol => $_ ] } 'ENABLE CONDSTORE', 'SELECT INBOX', 'FETCH 1:* (FLAGS MODSEQ)', 'STORE 1 (UNCHANGEDSINCE 1) +FLAGS (\Seen)'),
    [ carol => 'STORE 1 (UNCHANGEDSINCE 100) +FLAGS (\Seen)', 'RFC 7162 3.2.4: the UID too' ],
    [ carol => 'STORE 2 +FLAGS.SILENT (\Deleted)', '3.6.1 tells the flags too' ],
    (map { [ carol => $_ ] } 'SEARCH MODSEQ 3', 'FETCH 1:* (FLAGS) (CHANGEDSINCE 4)', 'EXPUNGE', 'STATUS INBOX (HIGHESTMODSEQ)', 'FETCH 1 BODY[TEXT]<0.5>', 'CLOSE'),
    [ carol => 'ENABLE QRESYNC', 'ENABLED names what was asked for; 3.6.1 also what that implies' ],
    (map { [ carol => $_ ] } 'SELECT INBOX (QRESYNC (1 1))', 'UID FETCH 1:* (FLAGS) (CHANGEDSINCE 2 VANISHED)', 'FETCH 2 BODY[TEXT]<0.5>', 'UID STORE 1 +FLAGS (\Deleted)', 'EXPUNGE', 'CLOSE', 'SELECT INBOX (CONDSTORE)'),
    # \Seen of a reader who is not the owner is a change like any other
    [ bob => 'SETACL INBOX carol lrs' ], [ bob => 'APPEND INBOX <<Subject: s\r\n\r\nx\r\n' ], [ bob => 'UNSELECT' ], [ carol => 'SELECT user.bob' ],
    (map { [ carol => $_ ] } 'FETCH 1 (FLAGS BODY[]<0.3>)', 'STORE 1 -FLAGS (\Seen)', 'STORE 1 +FLAGS (\Seen)', 'STATUS user.bob (HIGHESTMODSEQ)', 'UNSELECT'),
    # decoded parts, ids, digests
    [ carol => 'UNSELECT' ], [ carol => 'CREATE INBOX.parts' ],
    [ carol => 'APPEND INBOX.parts <<Subject: p\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHello =C3=A4=20\r\nx=\r\ny\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAwQF\r\n--b\r\nContent-Transfer-Encoding: x-weird\r\n\r\nx\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: i\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD\r\n--b--\r\n' ],
    [ carol => 'APPEND INBOX.parts <<Subject: e\r\n\r\n' ], [ carol => 'SELECT INBOX.parts' ],
    (map { [ carol => "FETCH $_" ] } '1 BINARY.PEEK[1]', '1 (BINARY.PEEK[1]<3.50> BINARY.SIZE[1] UID)', '1 (BINARY.PEEK[2] BINARY.SIZE[2])', '1 BINARY.PEEK[2]<2.2>', '1 BINARY.PEEK[2]<9.2>',
        '1 (BINARY.PEEK[4] BINARY.SIZE[4])', '1 (BINARY.PEEK[4.1] BINARY.SIZE[4.1])', '1 (BINARY.PEEK[5] BINARY.SIZE[5])', '1 (BINARY.PEEK[] BINARY.SIZE[])', '1 BINARY.PEEK[]<0.10>', '1 BINARY.PEEK[1.MIME]',
        '1 BINARY.SIZE[1]<0.5>', '2 (BINARY.PEEK[1] BINARY.SIZE[1])', '1:2 (DIGEST.SHA1 EMAILID RFC822.FILESIZE)', '1 (PREVIEW (FOO))', '1 (PREVIEW ())', '1 BINARY[2]'),
    [ carol => 'FETCH 1 BINARY.PEEK[3]', '3.6.1 has other words for a part whose encoding is unknown (RFC 3516 4.3: UNKNOWN-CTE)' ],
    [ carol => 'FETCH 1 PREVIEW (LAZY)', '3.6.1 has only previews that were stored (RFC 8970 3.2: NIL only for LAZY)' ],
    [ carol => 'COMPRESS' ], [ carol => 'COMPRESS GZIP', 'RFC 4978 3: BAD' ], [ carol => 'UNSELECT' ],
    # administrator
    (map { [ cyrus => $_ ] } 'LIST "" *', 'CREATE shared.x.y', 'LIST "" shared*', 'LIST "" %', 'NAMESPACE', 'GETQUOTAROOT shared.x', 'GETQUOTA nosuch',
        'SELECT user.alice', 'STATUS user.alice (MESSAGES)', 'MYRIGHTS user.alice', 'MYRIGHTS shared', 'GETACL shared', 'LISTRIGHTS shared bob', 'SETACL shared cyrus lrswipkxtea', 'DELETE shared',
        'LIST "" shared*', 'DELETE user.bob', 'SETACL user.bob cyrus x', 'DELETE user.bob', 'LIST "" *', 'CREATE user.bob', 'RENAME user.bob user.bobby', 'CREATE DELETED.x',
        'CREATE part default', 'CREATE part2 nosuchpartition', 'LIST "" DELETED*'),
    [ cyrus => 'SETQUOTA shared (STORAGE 10 MESSAGE 5)', 'RFC 2087 4.1: SETQUOTA is answered with the quota' ],
    [ cyrus => 'SETQUOTA shared (NOSUCH 10)' ], [ cyrus => 'NOOP', '3.6.1 takes the rest of a refused line for the next command' ],
    [ cyrus => 'GETQUOTA shared' ], [ cyrus => 'GETQUOTAROOT shared.x' ], [ cyrus => 'SETQUOTA shared ()', 'the same' ], [ cyrus => 'GETQUOTA shared' ],
);

# For all IMAP answers: [ pattern, replacement, reason ]
my @IMAP_SAME = (
    [ qr/^\* OK \[(?:URLMECH|ANNOTATIONS)\b.*/, '', 'extensions that ours does not have' ],
    [ qr/\bMAILBOXID \(\w+\)/, 'MAILBOXID', 'ids are random' ],
    [ qr/(?: ANNOTATION-STORAGE \d+ \d+)?(?: MAILBOX \d+ \d+)?\)\z/, ')', 'names of RFC 9208 besides those of 3.6.1' ],
    [ qr/"([\w.\/-]+\/uniqueid)" "\w+"/, '"$1"', 'random' ],
    [ qr/"(\S+\/(?:freespace\S*|lastupdate|foldermodseq))" "[^"]*"/, '"$1"', 'figures of the moment' ],
    [ qr/^(NO) \[[A-Z]+\] /, '$1 ', 'our refusals carry the codes of RFC 5530' ],
    [ qr/^BAD .*/, 'BAD', 'the words about a syntax error are our own' ],
    [ qr/ \((?:\d+ msgs in )?0\.\d+ secs?(?: \d+ calls)?\)\z/, '', 'time and effort are not told' ],
    [ qr/^OK \[HIGHESTMODSEQ \d+\] /, 'OK ', 'after EXPUNGE only to those who asked for CONDSTORE (RFC 7162)' ],
    [ qr/^(OK \[MODIFIED \S+\]) .*/, '$1', 'words' ],
    [ qr/SESSIONID=<.*?>/, 'SESSIONID', 'differs in every session' ],
    [ qr/((?:UIDVALIDITY|APPENDUID|COPYUID)) \d+/, '$1 N', 'the time of creation' ],
    [ qr/(DELETED\.[\w.]+)\.[0-9A-F]{8}\b/, '$1.TIME', 'the time of deletion' ],
    [ qr/INTERNALDATE "[^"]*"/, 'INTERNALDATE', 'the time of delivery' ],
    [ qr/RFC822\.SIZE \d+/, 'RFC822.SIZE', 'trace headers differ in length' ],
    [ qr/^(NO) (?:Mailbox is read-only|Permission denied)/, '$1 denied', 'which reason comes first' ],
    [ qr/^(NO) Unknown(?:\/invalid)? partition/, '$1 partition', 'words' ],
);

sub imap {
    my ($i, $open, $user, $command) = @_;
    my $c = $open->{$user} ||= $i->imap(user => $user);
    my ($text, $literal) = split /<</, $command, 2;
    $literal =~ s/\\r/\r/g, $literal =~ s/\\n/\n/g if defined $literal;
    my $r = eval { $c->cmd($text, defined $literal ? \$literal : ()) };
    if (!$r) {
        delete $open->{$user};
        return "connection lost: $@";
    }
    delete $open->{$user} if $command eq 'LOGOUT';
    my @lines = (@{ $r->{untagged} }, "$r->{status} $r->{text}");
    for my $line (@lines) {
        $line =~ s/$_->[0]/my $t = $_->[1]; my $one = $1 \/\/ ''; $t =~ s{\$1}{$one}; $t/e for @IMAP_SAME;
        # order of headers, of flags and of the parts of a reply says nothing
        $line =~ s/(LIST|LSUB) \((.*?)\)/"$1 (" . join(' ', sort split ' ', $2) . ')'/e;
        $line =~ s/\\NonExistent/\\Noselect/;
        my ($head, $list) = $line =~ /^(\* METADATA \S+ \()(.*)\)\z/;
        $line = $head . join(' ', sort $list =~ m{"[^"]*" (?:"[^"]*"|NIL)}g) . ')' if defined $head;
    }
    return join "\n", grep { $_ ne '' } @lines;
}

# ---- POP3 and LMTP: [ command, reason ]; "M" before a POP3 command: its reply has many lines
my @POP3 = (
    ['STAT'], ['NOOP'], ['USER alice'], ['PASS wrong'], ['USER alice'], ['PASS secret'], ['USER alice'], ['STAT', 'trace headers differ in length'], ['M UIDL'], ['UIDL 1'], ['UIDL 99'],
    ['LIST 99'], ['LIST abc'], ['RETR 99'], ['RETR'], ['TOP 1'], ['TOP 99 1'], ['DELE 99'], ['DELE 1'], ['DELE 1'], ['RETR 1'], ['LIST 1'], ['UIDL 1'], ['M UIDL'], ['NOOP'], ['RSET'], ['M UIDL'],
    ['NOSUCH'], ['DELE 2'], ['QUIT'],
);
my @LMTP = (
    ['NOOP'], ['LHLO client.example.org'], ['RCPT TO:<>', 'no mailbox has an empty address: ours says 501, 3.6.1 550'], ['MAIL FROM:<a@example.org> SIZE=10 BODY=8BITMIME'], ['MAIL FROM:<b@example.org>'],
    ['RCPT TO:<alice>'], ['RCPT TO:<alice+nosuch>'], ['RCPT TO:<nosuch>'], ['RCPT TO:<bob@example.org>'], ['RCPT TO:<+shared>'], ['RCPT TO:alice'],
    ['RCPT TO:<alice> IGNOREQUOTA'], ['RSET'], ['DATA'], ['MAIL FROM:<>'], ['RSET'], ['MAIL FROM:<a@example.org> FOO=1'], ['VRFY alice'], ['EHLO x'], ['HELP'], ['NOSUCH'], ['RSET'], ['QUIT'],
);

# Messages for DATA: [ text, reason ]
my @DATA = map { ref $_ ? $_ : [$_] } "Subject: a\r\nDelivered-To: x\r\nBcc: b\@x\r\n\r\nbody\r\n", "Subject: only header\r\nFrom: a\@b\r\n", "\r\nbody only\r\n", "no header at all\r\n\r\nbody\r\n",
    "Subject: a\r\nbad line\r\nTo: x\r\n\r\nbody\r\n", "From x Thu\r\nSubject: mbox\r\n\r\nbody\r\n", "Subject: lf\nX: y\n\nbody\n\r\n", ": empty name\r\n\r\nbody\r\n",
    "Subject : space before colon\r\n\r\nbody\r\n", " folded first\r\nSubject: x\r\n\r\nbody\r\n", "Subject: nul\0x\r\n\r\nbody\r\n", "Subject: body\r\n\r\nnul\0x\r\n", "Subject: 8\xe9bit\r\n\r\nbo\xe9dy\r\n", '', "\r\n",
    "Message-Id: <own\@x>\r\ndate: Thu, 1 Jan 2015 00:00:00 +0000\r\n\r\n..dots\r\n",
    [ "Return-Path: <old\@x>\r\nSubject: a\r\n\r\nbody\r\n", 'ours keeps a Return-Path that the message brought along (RFC 5321 4.4: MAY remove)' ],
    [ "Subject: cr\rx\r\n\r\nbo\rdy\r\n", 'ours drops a CR that is alone, 3.6.1 finds the header invalid' ];

sub line_answer {
    my ($text) = @_;
    $text =~ s/SESSIONID=<.*?>/SESSIONID/g;
    # enhanced code and first word decide; words are our own, but for the mailbox-related ones
    return $text =~ /^\+OK/ ? '+OK' : $text =~ /^-ERR( \[[A-Z\/-]+\])?/ ? '-ERR' . ($1 // '')
         : join "\n", map { /^(\d{3}[ -](?:\d\.\d\.\d)?)/ ? $1 : $_ } split /\n/, $text;
}

sub pop3 {
    my ($i) = @_;
    my $c = $i->pop3;
    return map {
        my ($command) = @$_;
        my ($first, $body) = $command =~ s/^M // ? $c->pop_multi($command) : $c->pop_cmd($command);
        $body =~ s/\b\d{9,}\./N./g if defined $body;      # UIDVALIDITY
        $first =~ s/\b\d{9,}\./N./;
        line_answer($first) . ($command =~ /UIDL/ ? $first : '') . ($body // '');
    } @POP3;
}

sub lmtp {
    my ($i) = @_;
    my $c = $i->lmtp;
    return map { line_answer($c->lmtp_cmd($_->[0])) } @LMTP;
}

# Replies to DATA, and what was stored below the trace headers.
sub data {
    my ($i) = @_;
    my $c = $i->lmtp;
    $c->lmtp_cmd('LHLO client.example.org');
    my $n = 0;
    return map {
        $c->lmtp_cmd($_) for 'MAIL FROM:<a@example.org>', 'RCPT TO:<dave>', 'DATA';
        $c->send("$_->[0].\r\n");
        my $answer = line_answer($c->reply);
        if ($answer =~ /^250/) {
            $n++;
            my $b = $i->imap(user => 'dave');
            $b->ok('EXAMINE INBOX');
            my ($text) = join("\n", $b->ok("FETCH $n (BODY.PEEK[])")) =~ /BODY\[\] \{\d+\}\r\n(.*)\)\z/s;
            $b->logout;
            $text =~ s/\AReturn-Path: .*\r\nReceived: .*\r\n(?:[ \t].*\r\n)*X-Cyrus-Session-Id: .*\r\n(?:X-Sieve: CMU Sieve 3\.0\r\n)?//;
            $text =~ s/^(Message-ID: <cmu-lmtpd-)[^>]*/$1/m;
            $text =~ s/^(Date: )\w+, \d+ \w+ 20.*/$1/m if $text =~ /cmu-lmtpd/;
            $answer .= "\n$text";
        }
        $answer;
    } @DATA;
}

# ---- ask both
my (@imap, @pop3, @lmtp, @data, $faults);
for my $peer ('', 'cyrus') {
    my $i = Halcyon::Test->new(peer => $peer, conf => { autocreate_post => 'no' },
        users => { map { $_ => 'secret' } qw(alice bob carol dave cyrus) });
    $i->create_users('alice', 'bob', 'carol', 'dave');
    $i->fill('carol', map { Halcyon::Corpus::made($_)->{bytes} } 1, 2, 3);
    $i->fill('alice', map { Halcyon::Corpus::made($_)->{bytes} } 1, 22, 3);
    push @pop3, [ pop3($i) ];
    push @lmtp, [ lmtp($i) ];
    push @data, [ data($i) ];
    $i->fill('alice', Halcyon::Corpus::made(22)->{bytes});
    my %open;
    push @imap, [ map { imap($i, \%open, @$_[ 0, 1 ]) } @IMAP ];
    $_->close for values %open;
    $i->stop;
    $faults //= $i->faults;
}
for my $set ([ 'IMAP', \@IMAP, \@imap ], [ 'POP3', \@POP3, \@pop3 ], [ 'LMTP', \@LMTP, \@lmtp ], [ 'DATA', \@DATA, \@data ]) {
    my ($name, $rows, $answers) = @$set;
    for my $n (0 .. $#$rows) {
        my @row = @{ $rows->[$n] };
        my $command = $name eq 'IMAP' ? "$row[0]: $row[1]" : $row[0];
        $command =~ s/([\r\n\0])/$1 eq "\r" ? '\r' : $1 eq "\n" ? '\n' : '\0'/ge;
        my $reason = $name eq 'IMAP' ? $row[2] : $row[1];
        if (defined $reason) {
            unlike($answers->[0][$n], qr/connection lost/, "$name $command (differs: $reason)");
        } else {
            is($answers->[0][$n], $answers->[1][$n], "$name $command");
        }
    }
}
is($faults, '', 'no process reported a fault');
done_testing();
