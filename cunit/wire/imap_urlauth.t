# imap_urlauth.t - URLs that carry an authorization: made, used, revoked, forged
# rfc: 4467 URLAUTH
# covers: IM-10 AU-22 FQ-04
# The flaws that others had: keys made for mailboxes that may not be read, use after the owner's own right is
# gone or after the key was reset, tokens accepted where no key is.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha1_hex);
use Test::More;
use Halcyon::Test;

my $host = 'mail.example.org';
my $i = Halcyon::Test->new(conf => { servername => $host, submitservers => 'submit' }, users => { map { $_ => 'secret' } qw(alice bob submit cyrus) });
$i->create_users(qw(alice bob submit));
my ($a, $b, $sub, $adm) = map { $i->imap(user => $_) } qw(alice bob submit cyrus);
like(join(' ', $a->ok('CAPABILITY')), qr/ URLAUTH(?: |\z)/, 'advertised');
my $source = join "\r\n", 'Subject: secret', 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b', '',
    '--b', 'Content-Type: text/plain', '', 'part one', '--b', '', 'part two', '--b--', '';
$a->ok('APPEND INBOX ', \$source);
$a->ok('CREATE INBOX.Work');
$a->ok('APPEND INBOX.Work ', \$source);
ok((grep { $_ eq '* OK [URLMECH INTERNAL] Ok' } $a->ok('SELECT INBOX')), 'SELECT tells the mechanisms');
ok((grep { $_ eq '* OK [URLMECH INTERNAL] Ok' } $a->ok('EXAMINE INBOX')), 'EXAMINE too');

sub rump { my ($path, $access, $user) = @_; return "imap://" . ($user // 'alice') . "\@$host/$path;URLAUTH=$access" }
sub gen { my ($c, @rumps) = @_; my $r = $c->cmd('GENURLAUTH ' . join ' ', map { qq("$_" INTERNAL) } @rumps);
    my ($line) = grep { /^\* GENURLAUTH/ } @{ $r->{untagged} }; return $r->{status} eq 'OK' && $line ? ($line =~ /"([^"]+)"/g) : "$r->{status} $r->{text}" }
# Data of one URL: text, or undef for NIL
sub get { my ($c, $url) = @_; my $r = $c->cmd('URLFETCH "' . $url . '"');
    return "$r->{status} $r->{text}" if $r->{status} ne 'OK';
    my ($line) = grep { /^\* URLFETCH/ } @{ $r->{untagged} };
    return $line =~ / \{\d+\}\r\n(.*)\z/s ? $1 : $line =~ / NIL\z/ ? undef : "? $line" }

# made
my ($url) = gen($a, rump('INBOX/;UID=1/;SECTION=1', 'anonymous'));
like($url, qr/^\Q@{[rump('INBOX\/;UID=1\/;SECTION=1', 'anonymous')]}\E:internal:00[0-9a-f]{40}\z/, 'the URL with its token');
is(get($a, $url), 'part one', 'used by the owner');
is(get($b, $url), 'part one', 'by somebody else');
my @two = gen($a, rump('INBOX/;UID=1', 'user+bob'), rump('INBOX.Work/;UID=1/;SECTION=2', 'authuser'));
is(scalar @two, 2, 'two at once');
is(get($b, $two[0]), $source, 'user+bob by bob');
is(get($a, $two[0]), undef, 'not by the owner even');
is(get($sub, $two[0]), undef, 'not by a third');
is(get($b, $two[1]), 'part two', 'authuser');
my ($sm) = gen($a, rump('INBOX/;UID=1/;SECTION=HEADER', 'submit+alice'));
is(get($sub, $sm), join("\r\n", (split /\r\n/, $source)[ 0 .. 2 ], '', ''), 'submit+ by a submission server');
is(get($b, $sm), undef, 'not by others');
my ($part) = gen($a, rump('INBOX/;UID=1/;SECTION=1/;PARTIAL=5.3', 'anonymous'));
is(get($b, $part), 'one', 'a stretch');
my $r = $b->cmd("URLFETCH \"$url\" \"foo\" \"$two[1]\"");
like(join('', @{ $r->{untagged} }), qr/^\* URLFETCH "\S+" \{8\}\r\npart one "foo" NIL "\S+" \{8\}\r\npart two\z/, 'several in one response') or diag join "\n", @{ $r->{untagged} };
is($r->{status}, 'OK', 'and OK');
$a->ok('SETACL INBOX bob lrs');
my ($theirs) = gen($b, rump('user.alice/;UID=1/;SECTION=2', 'anonymous', 'bob'));
is(get($sub, $theirs), 'part two', 'a URL of a sharee');
my ($fold) = gen($a, rump('INBOX/;uid=1/;section=1', 'ANONYMOUS'));
is(get($b, $fold), 'part one', 'case of the words');
is(get($b, $url =~ s/internal/INTERNAL/r =~ s/([0-9a-f]{40})\z/uc $1/er), 'part one', 'case of mechanism and token');

# the token is what 3.6.1 makes of the key in its database
my ($db) = grep { -f } split "\n", `find @{[$i->path('conf')]} -name 'mboxkey.db' | head -1`;
my $seen = 0;
for my $file (split "\n", `find @{[$i->path('conf')]} -name '*mboxkey*'`) {
    open my $fh, '<', $file or next;
    my $bytes = do { local $/; <$fh> };
    my ($given) = $url =~ /:internal:00(\S+)/;
    while ($bytes =~ /user\.alice\x00\x01(.{16})/sg) { $seen ||= hmac_sha1_hex(rump('INBOX/;UID=1/;SECTION=1', 'anonymous'), $1) eq $given }
}
ok($seen, 'HMAC-SHA1 of the rump under the stored key');

# refused: made
for my $row (
    [ 'no access', "imap://alice\@$host/INBOX/;UID=1" ], [ 'unknown access', rump('INBOX/;UID=1', 'foo') ], [ 'no user', "imap://$host/INBOX/;UID=1;URLAUTH=anonymous" ],
    [ 'another user', rump('INBOX/;UID=1', 'anonymous', 'bob') ], [ 'no such user', rump('INBOX/;UID=1', 'anonymous', 'nobody') ], [ 'another server', "imap://alice\@other.example.org/INBOX/;UID=1;URLAUTH=anonymous" ],
    [ 'no such mailbox', rump('INBOX.nosuch/;UID=1', 'anonymous') ], [ 'a mailbox that may not be read', rump('user.bob/;UID=1', 'anonymous') ],
    [ 'no message', rump('INBOX', 'anonymous') ], [ 'relative', '/INBOX/;UID=1;URLAUTH=anonymous' ], [ 'a token already', $url ], [ 'no URL', 'foo' ], [ 'user+ nobody', rump('INBOX/;UID=1', 'user+') ],
) {
    my ($what, $u) = @$row;
    like((gen($a, $u))[0], qr/^BAD Poorly/, "GENURLAUTH: $what");
}
$a->ok('CREATE INBOX.Closed');
$a->ok('APPEND INBOX.Closed ', \$source);
for my $acl ('l', 'lswipkxte', 'r', 'lr') {
    $a->ok("SETACL INBOX.Closed bob $acl");
    my ($u) = gen($b, rump('user.alice.Closed/;UID=1/;SECTION=1', 'anonymous', 'bob'));
    if ($acl eq 'lr') { is(get($b, $u), 'part one', "with $acl") }
    elsif ($acl ne 'r') { like($u, qr/^BAD Poorly/, "GENURLAUTH with $acl only") }
}
my ($admin) = gen($adm, rump('user.alice/;UID=1', 'anonymous', 'cyrus'));
like($admin, qr/^BAD/, 'an administrator needs the right, too');
for my $text ('GENURLAUTH', 'GENURLAUTH "' . rump('INBOX/;UID=1', 'anonymous') . '"', 'GENURLAUTH "' . rump('INBOX/;UID=1', 'anonymous') . '" FOO', 'URLFETCH', 'URLFETCH ()', 'URLFETCH "a" ', 'RESETKEY "') {
    is($a->cmd($text)->{status}, 'BAD', "syntax: $text");
}

# forged
(my $other = $url) =~ s/SECTION=1/SECTION=2/;
is(get($b, $other), undef, 'another section under the same token');
is(get($b, $url =~ s/\@mail/\@Mail/r), undef, 'another spelling of the server');
is(get($b, $url =~ s/.\z/$& eq '0' ? '1' : '0'/er), undef, 'a digit changed');
is(get($b, substr $url, 0, -1), undef, 'a digit less');
is(get($b, $url . '0'), undef, 'a digit more');
is(get($b, $url =~ s/:internal:00/:internal:01/r), undef, 'another version');
is(get($b, $url =~ s/internal/external/r), undef, 'another mechanism');
is(get($b, rump('INBOX/;UID=1/;SECTION=1', 'anonymous')), undef, 'no token');
is(get($b, rump('INBOX/;UID=1', 'anonymous') . ':internal:'), undef, 'an empty token');
# a mailbox without a key: the token of an empty or zero key is none
$a->ok('CREATE INBOX.NoKey');
$a->ok('APPEND INBOX.NoKey ', \$source);
my $nokey = rump('INBOX.NoKey/;UID=1', 'anonymous');
is(get($b, "$nokey:internal:00" . hmac_sha1_hex($nokey, $_)), undef, 'no key, token of key ' . unpack 'H*', $_) for '', "\0" x 16, "\xff" x 16;
my $nouser = rump('INBOX/;UID=1', 'anonymous', 'nobody');
is(get($b, "$nouser:internal:00" . hmac_sha1_hex($nouser, '')), undef, 'no such user');

# expired
my ($old) = gen($a, rump('INBOX/;UID=1;EXPIRE=2001-01-01T00:00:00Z', 'anonymous'));
is(get($b, $old), undef, 'expired');
my ($new) = gen($a, rump('INBOX/;UID=1/;SECTION=1;EXPIRE=2099-01-01T00:00:00+01:00', 'anonymous'));
is(get($b, $new), 'part one', 'not yet expired');
is(get($b, $new =~ s/2099/2098/r), undef, 'the date is part of what is authorized');

# the owner's right as it is now
is(get($sub, $theirs), 'part two', 'while the sharee may read');
$a->ok('SETACL INBOX bob l');
is(get($sub, $theirs), undef, 'not when he may not any more');
$a->ok('SETACL INBOX bob lr');
is(get($sub, $theirs), 'part two', 'and again when he may');
$a->ok('DELETEACL INBOX bob');
is(get($b, $theirs), undef, 'not when the mailbox is hidden from him');

# gone
$a->ok('SELECT INBOX.Work');
my ($work) = gen($a, rump('INBOX.Work/;UID=1/;SECTION=1', 'anonymous'));
is(get($b, $work), 'part one', 'there');
$a->ok('STORE 1 +FLAGS.SILENT (\Deleted)');
$a->ok('EXPUNGE');
is(get($b, $work), undef, 'expunged');
my ($wrong) = gen($a, rump('INBOX;UIDVALIDITY=1/;UID=1', 'anonymous'));
is(get($b, $wrong), undef, 'another UIDVALIDITY');

# revoked
$r = $a->cmd('RESETKEY INBOX');
is("$r->{status} $r->{text}", 'OK [URLMECH INTERNAL] key removed', 'RESETKEY of a mailbox');
is(get($b, $url), undef, 'revoked');
my ($again) = gen($a, rump('INBOX/;UID=1/;SECTION=1', 'anonymous'));
isnt($again, $url, 'another token for the same URL');
is(get($b, $again), 'part one', 'which is good');
my ($closed) = gen($a, rump('INBOX.Closed/;UID=1/;SECTION=1', 'anonymous'));
is($a->cmd('RESETKEY INBOX INTERNAL')->{status}, 'OK', 'with the mechanism');
is(get($b, $closed), 'part one', 'other mailboxes keep theirs');
like($a->cmd('RESETKEY nosuch')->{text}, qr/^\[NONEXISTENT\]/, 'no such mailbox');
like($a->cmd('RESETKEY user.bob')->{text}, qr/^\[NONEXISTENT\]/, 'a mailbox that is hidden');
my $fresh = $i->imap(user => 'alice');
is($fresh->cmd('RESETKEY')->{text}, 'All keys removed', 'RESETKEY');
is(get($b, $closed), undef, 'all revoked');
is($i->imap(user => 'bob')->cmd('RESETKEY')->{status}, 'OK', 'RESETKEY without any');
# keys go with their user
my ($last) = gen($a, rump('INBOX/;UID=1/;SECTION=1', 'anonymous'));
is(get($b, $last), 'part one', 'before');
$a->logout; $fresh->logout;
$adm->ok('SETACL user.alice cyrus lrx');
$adm->ok('DELETE user.alice');
is(get($b, $last), undef, 'the user is gone');
$adm->ok('CREATE user.alice');
my $a2 = $i->imap(user => 'alice');
$a2->ok('APPEND INBOX ', \$source);
is(get($b, $last), undef, 'and another one of that name has keys of his own');
$i->stop;
is($i->faults, '', 'no process reported a fault');
done_testing();
