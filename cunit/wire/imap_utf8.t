# imap_utf8.t - UTF8=ACCEPT: names and strings in UTF-8, in every form of the namespace
# rfc: 6855 UTF8=ACCEPT
# covers: NS-30 IM-30
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

sub answer { my ($r) = @_; return join ' | ', @{ $r->{untagged} }, "$r->{status} $r->{text}" }
my ($ue, $ja) = ("Entw\xc3\xbcrfe", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e");
my @faults;

for my $alt ('no', 'yes') {
    for my $unix ('no', 'yes') {
        my $i = Halcyon::Test->new(conf => { munge8bit => 'no', reject8bit => 'no', altnamespace => $alt, unixhierarchysep => $unix });
        $i->create_users(qw(alice bob));
        my ($sep, $own) = ($unix eq 'yes' ? '/' : '.', '');
        $own = "INBOX$sep" if $alt eq 'no';
        my $others = $alt eq 'yes' ? "Other Users$sep" : "user$sep";
        my $what = "altnamespace $alt, unixhierarchysep $unix";
        my $plus = sub { my ($kind, $text) = @_; return "$kind\{" . length($text) . "+}\r\n$text" };
        like(($i->imap(user => 'alice')->ok('CAPABILITY'))[0], qr/ UTF8=ACCEPT(?: |\z)/, "$what: advertised");
        my ($old, $new) = map { $i->imap(user => 'alice') } 1 .. 2;
        is(answer($new->cmd('ENABLE UTF8=ACCEPT')), '* ENABLED UTF8=ACCEPT | OK Completed', "$what: ENABLE");

        # made by the one, seen by the other
        $old->ok("CREATE ${own}Entw&APw-rfe");
        $new->ok("CREATE \"$own$ja\"");
        $new->ok("CREATE \"$own$ja$sep" . 'a&b"');
        $new->ok('CREATE ', \"${own}lit\xc3\xa4");
        is_deeply([ sort map { / "\Q$sep\E" (.*)/ ? $1 =~ s/^"(.*)"$/$1/r : () } $new->ok("LIST \"\" \"$own%\"") ],
            [ sort "$own$ue", "$own$ja", "${own}lit\xc3\xa4", $alt eq 'yes' ? ('INBOX') : () ], 'LIST in UTF-8');
        is_deeply([ sort map { / "\Q$sep\E" (.*)/ ? $1 =~ s/^"(.*)"$/$1/r : () } $old->ok("LIST \"\" \"$own%\"") ],
            [ sort "${own}Entw&APw-rfe", "${own}&ZeVnLIqe-", "${own}lit&AOQ-", $alt eq 'yes' ? ('INBOX') : () ], 'LIST of the other in modified UTF-7');
        like(join("\n", $new->ok("LIST \"\" \"$own$ja$sep*\"")), qr/"\Q$own$ja$sep\Ea&b"$/, 'a pattern in UTF-8');
        like(join("\n", $new->ok("LIST \"$own$ja$sep\" \"*\"")), qr/"\Q$own$ja$sep\Ea&b"$/, 'a reference too');
        like(join("\n", $old->ok("LIST \"\" \"$own*a&-b\"")), qr/&ZeVnLIqe-\Q$sep\Ea&-b/, 'an ampersand');
        $new->ok("SUBSCRIBE \"$own$ue\"");
        is(join('', $new->ok('LSUB "" "*"')), "* LSUB () \"$sep\" \"$own$ue\"", 'LSUB');
        is(join('', $old->ok('LSUB "" "*"')), "* LSUB () \"$sep\" ${own}Entw&APw-rfe", 'LSUB of the other');
        is(join('', $new->ok("STATUS \"$own$ue\" (MESSAGES)")), "* STATUS \"$own$ue\" (MESSAGES 0)", 'STATUS');
        is($new->cmd("STATUS ${own}Entw&APw-rfe (MESSAGES)")->{status}, 'NO', 'modified UTF-7 is another name now');
        is($new->cmd("SELECT \"$own$ue\"")->{status}, 'OK', 'SELECT');
        like(join('', $new->ok("GETACL \"$own$ue\"")), qr/^\* ACL "\Q$own$ue\E" alice /, 'GETACL');
        like(join('', $new->ok("GETQUOTAROOT \"$own$ue\"")), qr/^\* QUOTAROOT "\Q$own$ue\E"/, 'GETQUOTAROOT');
        $new->ok("RENAME \"$own$ue\" \"${own}\xc3\x84\"");
        is($old->cmd("SELECT ${own}&AMQ-")->{status}, 'OK', 'RENAME');

        # another's mailbox
        $new->ok("SETACL \"$own$ja\" bob lr");
        my $b = $i->imap(user => 'bob');
        $b->ok('ENABLE UTF8=ACCEPT');
        like(join("\n", $b->ok("LIST \"\" \"${others}*\"")), qr/"\Q${others}alice$sep$ja\E"$/, 'a mailbox of another');
        is($b->cmd("SELECT \"${others}alice$sep$ja\"")->{status}, 'OK', 'is selected');
        is($b->cmd("SELECT \"${others}alice${sep}lit\xc3\xa4\"")->{status}, 'NO', 'one without rights is not');
        like($b->cmd("SELECT \"${others}alice${sep}lit\xc3\xa4\"")->{text}, qr/^\[NONEXISTENT\]/, 'nor is it told');
        my $admin = $i->imap(user => 'cyrus');
        $admin->ok('ENABLE UTF8=ACCEPT');
        like(join("\n", $admin->ok('LIST "" "*"')), qr/"user\Q${sep}alice$sep$ja\E"$/m, 'an administrator');

        # refused
        is($new->cmd($_)->{status}, 'BAD', 'octets that are no UTF-8') for "CREATE \"${own}\xff\"", "STATUS \"\xc3\" (MESSAGES)", "CREATE \"${own}\xc0\xae\"";
        like(answer($new->cmd("CREATE \"$own$_\"")), qr/^NO \[CANNOT\] /, 'control characters') for "a\xc2\x85b", "a\xe2\x80\xa8b", "a\x7fb";
        is($old->cmd("CREATE \"${own}\xc3\xa4\"")->{status}, 'NO', 'UTF-8 without ENABLE');

        # Net-Unicode: made is only what is in form C (RFC 9051 5.1); what is there otherwise stays in reach
        is(answer($new->cmd("CREATE \"${own}u\xcc\x88\"")), 'NO [CANNOT] Mailbox name is not in Unicode normalization form C', 'not in form C');
        is($new->cmd("RENAME \"$own$ja\" \"${own}u\xcc\x88\"")->{status}, 'NO', 'nor by RENAME');
        $old->ok("CREATE ${own}u&Awg-");
        is($new->cmd("SELECT \"${own}u\xcc\x88\"")->{status}, 'OK', 'one that another made');
        $new->ok("RENAME \"${own}u\xcc\x88\" \"${own}\xc3\xbc\"");
        $new->ok("DELETE \"${own}\xc3\xbc\"");

        # messages with headers in UTF-8 (RFC 6855 4): not from those who did not ask for it
        my $m = "Subject: gr\xc3\xbcn\r\n\r\nbody\r\n";
        for my $form ($plus->('', $m), $plus->('~', $m), 'UTF8 (' . $plus->('~', $m) . ')', 'CATENATE (TEXT ' . $plus->('', $m) . ')') {
            like(answer($old->cmd("APPEND INBOX $form")), qr/^NO \[CANNOT\] Headers in UTF-8 need ENABLE UTF8=ACCEPT/, 'without ENABLE: NO');
            like(answer($new->cmd("APPEND \"$own$ja\" $form")), qr/^(?:\*.* \| )*OK \[APPENDUID/, 'with it: stored');
        }
        like(answer($new->cmd("APPEND \"$own$ja\" CATENATE (UTF8 (" . $plus->('~', $m) . ') TEXT ' . $plus->('', 'more') . ')')), qr/OK \[APPENDUID/, 'UTF8 in CATENATE');
        is($new->cmd("APPEND \"$own$ja\" CATENATE (UTF8 " . $plus->($_->[0], $m) . $_->[1])->{status}, 'BAD', 'UTF8 in CATENATE: form') for [ '~', ')' ], [ '(', '))' ], [ '(~', ')' ];
        is($old->cmd('APPEND INBOX ' . $plus->('', "Subject: x\r\n\r\nb\xc3\xb6dy\r\n"))->{status}, 'OK', 'UTF-8 in the body alone');
        is(answer($old->cmd('STATUS INBOX (MESSAGES)')), '* STATUS INBOX (MESSAGES 1) | OK Completed', 'nothing else was stored');
        $new->ok("EXAMINE \"$own$ja\"");
        is(join('', grep { /FETCH/ } $new->ok('FETCH 3 (BODY.PEEK[] ENVELOPE)')), "* 3 FETCH (ENVELOPE (NIL {5}\r\ngr\xc3\xbcn NIL NIL NIL NIL NIL NIL NIL NIL) BODY[] {" . length($m) . "}\r\n$m)", 'as they were sent');
        $old->ok('EXAMINE "' . $own . '&ZeVnLIqe-"');
        is(join('', grep { /FETCH/ } $old->ok('FETCH 3 (ENVELOPE)')), "* 3 FETCH (ENVELOPE (NIL {5}\r\ngr\xc3\xbcn NIL NIL NIL NIL NIL NIL NIL NIL))", 'never quoted to those who did not ask');
        $new->ok("SELECT \"$own$ja\"");
        is($old->cmd("SELECT $own&ZeVnLIqe-")->{status}, 'OK', 'another selects it');
        like(answer($old->cmd("REPLACE 1 $own&ZeVnLIqe- " . $plus->('', $m))), qr/NO \[CANNOT\] Headers in UTF-8/, 'REPLACE: no');
        like(answer($new->cmd("REPLACE 1 \"$own$ja\" UTF8 (" . $plus->('~', $m) . ')')), qr/OK \[APPENDUID \d+ 6\]/, 'REPLACE');
        # a URL names mailboxes in UTF-8, whatever is enabled
        (my $url = "$own$ja") =~ s/([^A-Za-z.\/])/sprintf '%%%02X', ord $1/ge;
        $_->ok('CREATE ' . $own . ($_ == $old ? 'to1' : 'to2')), like(answer($_->cmd('APPEND ' . $own . ($_ == $old ? 'to1' : 'to2') . " CATENATE (TEXT " . $plus->('', "a: b\r\n\r\n") . " URL \"/$url/;UID=2/;SECTION=TEXT\")")), qr/OK \[APPENDUID/, 'CATENATE URL') for $old, $new;
        like(answer($new->cmd('GENURLAUTH "imap://alice@' . $i->{conf}{servername} . "/$url/;UID=2;URLAUTH=user+alice\" INTERNAL")), qr/^\* GENURLAUTH .*OK/s, 'GENURLAUTH');

        # strings
        $new->ok("SELECT INBOX");
        $new->ok('APPEND INBOX ', \"Subject: =?utf-8?q?gr=C3=BCn?=\r\n\r\nbody\r\n");
        is(join('', grep { /SEARCH/ } $new->ok("SEARCH SUBJECT \"gr\xc3\xbcn\"")), '* SEARCH 2', 'SEARCH for a quoted UTF-8 string');
        is($new->cmd("SEARCH CHARSET UTF-8 SUBJECT \"gr\xc3\xbcn\"")->{status}, 'BAD', 'CHARSET is refused (RFC 6855 3)');
        $new->ok('UNAUTHENTICATE');
        $new->login(alice => 'secret');
        is($new->cmd("SELECT ${own}&AMQ-")->{status}, 'OK', 'ends with UNAUTHENTICATE');
        $i->stop;
        push @faults, grep { $_ ne '' } $i->faults;
    }
}

my $i = Halcyon::Test->new(conf => { munge8bit => 'yes' });
$i->create_users('alice');
unlike(join('', $i->imap(user => 'alice')->ok('CAPABILITY')), qr/UTF8=/, 'not advertised');
is($i->imap(user => 'alice')->cmd('APPEND INBOX ', \"Subject: gr\xc3\xbcn\r\n\r\nx\r\n")->{status}, 'OK', 'and then headers are taken as ever');
is(answer($i->imap(user => 'alice')->cmd('ENABLE UTF8=ACCEPT')), '* ENABLED | OK Completed', 'not where headers in UTF-8 would be spoilt');
$i->stop;
is_deeply([ @faults, grep { $_ ne '' } $i->faults ], [], 'no process reported a fault');
done_testing;
