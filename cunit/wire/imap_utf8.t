# imap_utf8.t - UTF8=ACCEPT: names and strings in UTF-8, in every form of the namespace
# covers: NS-30 IM-30
# The capability is not advertised before APPEND has its part (RFC 6855 4).
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

        # strings
        $new->ok("SELECT INBOX");
        $new->ok('APPEND INBOX ', \"Subject: =?utf-8?q?gr=C3=BCn?=\r\n\r\nbody\r\n");
        is(join('', grep { /SEARCH/ } $new->ok("SEARCH SUBJECT \"gr\xc3\xbcn\"")), '* SEARCH 1', 'SEARCH for a quoted UTF-8 string');
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
is(answer($i->imap(user => 'alice')->cmd('ENABLE UTF8=ACCEPT')), '* ENABLED | OK Completed', 'not where headers in UTF-8 would be spoilt');
$i->stop;
is_deeply([ @faults, grep { $_ ne '' } $i->faults ], [], 'no process reported a fault');
done_testing;
