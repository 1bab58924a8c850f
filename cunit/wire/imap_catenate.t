# imap_catenate.t - APPEND of messages made of pieces: CATENATE with URLs, and parts of what they name
# rfc: 4469 CATENATE
# rfc: 5550 URL-PARTIAL
# rfc: 5092
# covers: IM-01 AC-10
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

for my $form ({ sep => '.', conf => {} }, { sep => '/', conf => { unixhierarchysep => 'yes' } }, { sep => '.', alt => 1, conf => { altnamespace => 'yes' } }) {
    my $name = join ' ', 'sep', $form->{sep}, $form->{alt} ? 'altnamespace' : ();
    my $i = Halcyon::Test->new(conf => { maxmessagesize => 100_000, %{ $form->{conf} } });
    $i->create_users(qw(alice bob));
    my ($a, $b) = map { $i->imap(user => $_) } qw(alice bob);
    my $drafts = $form->{alt} ? 'Drafts' : "INBOX$form->{sep}Drafts";
    my $theirs = $form->{alt} ? 'Other Users.alice.Drafts' : "user$form->{sep}alice$form->{sep}Drafts";
    $a->ok("CREATE \"$drafts\"");
    my $source = join "\r\n", 'From: a@example.org', 'Subject: source', 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b', '',
        '--b', 'Content-Type: text/plain', '', 'part one', '--b', 'Content-Type: image/png', 'Content-Transfer-Encoding: base64', '', 'QUJDREVGR0g=',
        '--b', 'Content-Type: message/rfc822', '', 'Subject: inner', '', 'inner text', '--b--', '';
    my $r = $a->cmd("APPEND \"$drafts\" ", \$source);
    my ($validity) = $r->{text} =~ /APPENDUID (\d+) 1/;
    like(join(' ', $a->ok('CAPABILITY')), qr/ CATENATE .*URL-PARTIAL/, "$name: advertised");
    (my $box = $drafts) =~ s/ /%20/g;
    my $last = 0;
    my $fetch = sub {
        $a->ok('EXAMINE INBOX');
        my ($l) = grep { /FETCH/ } $a->ok('FETCH * (FLAGS BODY.PEEK[])');
        return $l =~ /BODY\[\] (?:\{\d+\}\r\n(.*)|""())\)\z/s ? $1 : "none: $l";
    };
    my $made = sub {
        my ($what, $expected, @pieces) = @_;
        my $r = $a->cmd('APPEND INBOX CATENATE (', @pieces, ')');
        $last++;
        like("$r->{status} $r->{text}", qr/^OK \[APPENDUID \d+ $last\]/, "$name: $what");
        is($fetch->(), $expected, "$name: $what: bytes");
    };
    my $head = "Subject: new\r\n\r\n";
    my $base = "/$box;UIDVALIDITY=$validity/;UID=1";
    $made->('text alone', $head . 'hello', 'TEXT ', \$head, ' TEXT ', \'hello');
    $made->('a whole message', $source, "URL \"$base\"");
    $made->('without UIDVALIDITY', $source, "URL \"/$box/;UID=1\"");
    $made->('a part', $head . 'part one', 'TEXT ', \$head, " URL \"$base/;SECTION=1\"");
    $made->('lower case', $head . 'part one', 'text ', \$head, " url \"/$box/;uid=1/;section=1\"");
    $made->('MIME header and content', "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJDREVGR0g=", "URL \"$base/;SECTION=2.MIME\" URL \"$base/;SECTION=2\"");
    $made->('header of the message', "From: a\@example.org\r\nSubject: source\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\nx",
        "URL \"$base/;SECTION=HEADER\" TEXT ", \'x');
    $made->('of an inner message', "Subject: inner\r\n\r\ninner text", "URL \"$base/;SECTION=3.HEADER\" URL \"$base/;SECTION=3.TEXT\"");
    $made->('chosen fields', "Subject: source\r\n\r\n-", "URL \"$base/;SECTION=HEADER.FIELDS%20(Subject%20X-No)\" TEXT ", \'-');
    $made->('fields left out', "Subject: source\r\nMIME-Version: 1.0\r\n\r\n", "URL \"$base/;SECTION=HEADER.FIELDS.NOT%20(From%20Content-Type)\"");
    $made->('a stretch of a part', $head . substr('QUJDREVGR0g=', 3, 4), 'TEXT ', \$head, " URL \"$base/;SECTION=2/;PARTIAL=3.4\"");
    $made->('to the end', $head . substr('QUJDREVGR0g=', 8), 'TEXT ', \$head, " URL \"$base/;SECTION=2/;PARTIAL=8\"");
    $made->('of the whole', substr($source, 0, 38) . "\r\nx", "URL \"$base/;PARTIAL=0.38\" TEXT ", \"\r\nx");
    $made->('the URL as a literal', $source, 'URL ', \$base);
    $made->('a literal8', $head . 'x', 'TEXT ', \$head, ' TEXT ', \'x');
    $a->ok("SELECT \"$drafts\"");
    $r = $a->cmd('APPEND INBOX CATENATE (URL ";UID=1/;SECTION=1.MIME")');
    $last++;
    like($r->{text}, qr/^\[APPENDUID/, "$name: of the selected mailbox");

    # with flags and dates, several at once, mixed with plain messages
    $r = $a->cmd('APPEND INBOX (\Seen) " 7-Feb-1994 22:43:04 -0800" CATENATE (TEXT ', \$head, " URL \"$base/;SECTION=1\") (\\Flagged) ", \$head, " CATENATE (URL \"$base\")");
    like($r->{text}, qr/^\[APPENDUID \d+ (\d+):(\d+)\]/, "$name: MULTIAPPEND with CATENATE");
    $last += 3;

    # refused: nothing is stored, and the dialogue stays in step
    my $plus = sub { return join '', map { ref $_ ? '{' . length($$_) . "+}\r\n$$_" : $_ } @_ };
    my $refused = sub {
        my ($what, $like, @parts) = @_;
        $a->send('x1 ' . $plus->(@parts) . "\r\nx2 STATUS INBOX (MESSAGES)\r\n");
        my @got;
        do { push @got, $a->response } until $got[-1] =~ /^x2 /;
        ok((grep { $_ =~ $like } @got), "$name: $what") or diag "@got";
        ok((grep { /MESSAGES $last\)/ } @got), "$name: $what: nothing stored") or diag "@got";
    };
    for my $row (
        [ 'another UIDVALIDITY', "/$box;UIDVALIDITY=7/;UID=1", 'Uidvalidity' ], [ 'no such UID', "/$box/;UID=99", 'No such message' ],
        [ 'no UID', "/$box", 'No such message' ], [ 'no such mailbox', '/nosuch/;UID=1', 'Mailbox does not exist' ],
        [ 'another server', "imap://localhost/$box/;UID=1", 'Only relative' ], [ 'another scheme', 'http://localhost/', '' ],
        [ 'no such part', "$base/;SECTION=9", 'No such section' ], [ 'no such kind of part', "$base/;SECTION=FOO", 'Invalid section' ],
        [ 'bad escape', '/%zz/;UID=1', 'Invalid URL' ], [ 'NUL', '/a%00b/;UID=1', 'Invalid URL' ], [ 'no UTF-8', '/%ff/;UID=1', 'Invalid URL' ],
        [ 'number too large', "/$box/;UID=4294967296", 'Invalid URL' ], [ 'empty', '', '' ], [ 'more behind', "$base/;FOO=1", 'Invalid URL' ],
    ) {
        my ($what, $url, $words) = @$row;
        $refused->($what, qr/^x1 NO \[BADURL "\Q$url\E"\] $words/, 'APPEND INBOX CATENATE (TEXT ', \$head, " URL \"$url\" TEXT ", \'more', ') ', \$head);
    }
    $refused->('an empty list', qr/^x1 BAD/, 'APPEND INBOX CATENATE () ', \$head);
    $refused->('an unknown piece', qr/^x1 BAD/, 'APPEND INBOX CATENATE (FOO "x" TEXT ', \$head, ')');
    $refused->('TEXT without literal', qr/^x1 BAD/, 'APPEND INBOX CATENATE (TEXT "x" TEXT ', \$head, ')');
    $refused->('no parenthesis', qr/^x1 BAD/, 'APPEND INBOX CATENATE (TEXT ', \$head, ' ', \$head);
    $refused->('nothing at all', qr/^x1 NO \[CANNOT\]/, 'APPEND INBOX CATENATE (TEXT ', \'', ')');
    $refused->('too large in all', qr/^x1 NO \[TOOBIG\]/, 'APPEND INBOX CATENATE (TEXT ', \('x' x 60_000), ' TEXT ', \('x' x 60_000), ' TEXT ', \'x', ')');
    $refused->('bare newline', qr/^x1 NO \[CANNOT\]/, 'APPEND INBOX CATENATE (TEXT ', \"a: b\r\n\r\nx\n", ')');
    $refused->('no such mailbox', qr/^x1 NO \[TRYCREATE\]/, 'APPEND nosuch CATENATE (TEXT ', \$head, ')');

    # a refused URL is told before the next literal is asked for
    $a->send("y1 APPEND INBOX CATENATE (URL \"/nosuch/;UID=1\" TEXT {10}\r\n");
    like($a->response, qr/^y1 NO \[BADURL/, "$name: in place of the continuation");

    # rights: what the user may not read cannot be copied this way
    my $steal = sub { my $r = $b->cmd('APPEND INBOX CATENATE (URL "/' . ($theirs =~ s/ /%20/gr) . '/;UID=1")'); return "$r->{status} $r->{text}" };
    like($steal->(), qr/^NO \[BADURL .*Mailbox does not exist/, "$name: a stranger: there is no such mailbox");
    $a->ok("SETACL \"$drafts\" bob l");
    like($steal->(), qr/^NO \[BADURL .*Permission denied/, "$name: not without r");
    $a->ok("SETACL \"$drafts\" bob r");
    like($steal->(), qr/^OK|^NO \[BADURL .*Mailbox does not exist/, "$name: r alone");
    $a->ok("SETACL \"$drafts\" bob lr");
    like($steal->(), qr/^OK \[APPENDUID/, "$name: with lr");
    $a->ok("SETACL \"$drafts\" bob lrswite");
    $a->ok("SELECT \"$drafts\"");
    $a->ok('STORE 1 +FLAGS.SILENT (\Deleted)');
    $a->ok('EXPUNGE');
    like($steal->(), qr/^NO \[BADURL .*No such message/, "$name: an expunged message is not there");
    $i->stop;
    is($i->faults, '', "$name: no process reported a fault");
}

# names that are not ASCII
my $i = Halcyon::Test->new;
$i->create_users('alice');
my $a = $i->imap(user => 'alice');
$a->ok('CREATE INBOX.Entw&APw-rfe');
$a->ok('CREATE "INBOX.a&-b c"');
$a->ok("APPEND \"$_\" ", \"Subject: x\r\n\r\n$_\r\n") for 'INBOX.Entw&APw-rfe', 'INBOX.a&-b c';
for my $url ('/INBOX.Entw%C3%BCrfe/;UID=1', '/INBOX.a%26b%20c/;UID=1') {
    my $r = $a->cmd("APPEND INBOX CATENATE (URL \"$url\")");
    is($r->{status}, 'OK', "names in UTF-8: $url") or diag $r->{text};
}
$i->stop;
done_testing();
