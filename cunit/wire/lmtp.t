# lmtp.t - delivery: envelope, data, addresses, rights, quota, duplicates, trace headers
# covers: DL-01 DL-02 DL-03 DL-04 DL-05 DL-06 DL-07 DL-08 DL-09 DL-10 DL-12 DL-14 DL-15 DL-16 DL-17 DL-18 DL-20 DL-21 DL-24
# covers: QU-10 QU-11 QU-14 QU-15 AC-07 AC-30 PT-21
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new(conf => { unixhierarchysep => 'yes', autocreate_post => 'no', postuser => 'bb' });
$i->create_users(qw(alice bob carol));
my $adm = $i->imap(user => 'cyrus');
my $l = $i->lmtp;
like($l->{greeting}, qr/^220 mail\.example\.org Cyrus LMTP \S+ server ready$/, 'greeting');
is($l->lmtp_cmd('MAIL FROM:<a@b>'), '503 5.5.1 Say LHLO first', 'LHLO comes first');
is($l->lmtp_cmd('EHLO x'), '500 5.5.2 Syntax error', 'EHLO is no LMTP');
my $r = $l->lmtp_cmd('LHLO client.example');
like($r, qr/^250-mail\.example\.org\n250-8BITMIME\n250-ENHANCEDSTATUSCODES\n250-PIPELINING\n250-SIZE\n250-AUTH EXTERNAL\n250-IGNOREQUOTA\n250 Ok SESSIONID=<[^>]+>$/, 'LHLO');
is($l->lmtp_cmd('RCPT TO:<alice>'), '503 5.5.1 Need MAIL command', 'RCPT before MAIL');
is($l->lmtp_cmd('MAIL FROM:<s@example.net> FOO=1'), '501 5.5.4 Unrecognized parameters', 'unknown parameter');
is($l->lmtp_cmd('MAIL FROM:<s@example.net> BODY=8BITMIME SIZE=100'), '250 2.1.0 ok', 'MAIL');
is($l->lmtp_cmd('MAIL FROM:<s@example.net>'), '503 5.5.1 Nested MAIL command', 'MAIL twice');
is($l->lmtp_cmd('DATA'), '503 5.5.1 No recipients', 'DATA without recipients');
like($l->lmtp_cmd('RCPT TO:<nobody-here>'), qr/\n550 5\.1\.1 User unknown$/, 'unknown user');
is($l->lmtp_cmd('RCPT TO:<Alice@anything.example>'), '250 2.1.5 ok', 'case and domain do not matter');
is($l->lmtp_cmd('RCPT TO:<@a.b:bob@c.d>'), '250 2.1.5 ok', 'source route');
is($l->lmtp_cmd('RCPT TO:<bob> IGNOREQUOTA=TRUE'), '501 5.5.4 Syntax error in parameters', 'IGNOREQUOTA takes no value');
is($l->lmtp_cmd('RSET') =~ /^250 2\.0\.0 Ok/ ? 1 : 0, 1, 'RSET');
is($l->lmtp_cmd('NOOP'), '250 2.0.0 ok', 'NOOP');
is($l->lmtp_cmd('VRFY alice'), '252 2.3.3 try RCPT to attempt delivery', 'VRFY');

my $n = 0;
sub msg {
    my (%o) = @_;
    $n++;
    my $id = $o{id} // "<t$n\@example.net>";
    return "From: s\@example.net\r\nSubject: $n\r\n" . ($id ? "Message-ID: $id\r\n" : '') . "Date: Mon, 02 Jan 2023 10:00:00 +0000\r\n"
        . ($o{extra} // '') . "\r\n" . ($o{body} // "body $n\r\n");
}
sub count { my ($user, $box) = @_; my $c = $i->imap(user => $user); my ($s) = $c->ok("STATUS \"$box\" (MESSAGES)"); $c->logout; return $s =~ /MESSAGES (\d+)/ ? $1 : -1 }
sub body { my ($user, $uid) = @_; my $c = $i->imap(user => $user); $c->ok('EXAMINE INBOX'); my ($f) = $c->ok("UID FETCH $uid BODY.PEEK[]"); $c->logout; return $f =~ /\{\d+\}\r\n(.*)\)\z/s ? $1 : '' }

# a plain delivery and what is stored
my $m = msg(body => "line\r\n..dots\r\n.\r\nend\r\n");
my @r = $l->deliver('s@example.net', ['alice'], $m);
like($r[0], qr/^250 2\.1\.5 Success SESSIONID=<[^>]+>$/, 'delivered');
my $stored = body('alice', 1);
like($stored, qr/^Return-Path: <s\@example\.net>\r\nReceived: from client\.example \([^)]*\)\r\n\t by mail\.example\.org \(Cyrus [^)]+\) with LMTPA;\r\n\t [^\r]+\r\nX-Cyrus-Session-Id: [^\r]+\r\n/, 'trace headers');
(my $rest = $stored) =~ s/^.*?X-Cyrus-Session-Id: [^\r]+\r\n//s;
is($rest, $m, 'the message itself is unchanged');

# several recipients: replies in order, one file
@r = $l->deliver('s@example.net', [qw(alice nobody-here bob carol)], msg());
is(scalar(grep { /^250 2\.1\.5/ } @r), 3, 'a reply per accepted recipient');
my %ino;
for my $f (glob $i->path('spool/uuid/*/*/*/[0-9]*.')) { $ino{ (stat $f)[1] }++ }
is((sort { $b <=> $a } values %ino)[0], 3, 'one copy, hard-linked');

# duplicates
my $before = count('bob', 'INBOX');
$m = msg(id => '<dup@example.net>');
$l->deliver('s@example.net', ['bob'], $m);
@r = $l->deliver('s@example.net', ['bob'], $m);
like($r[0], qr/^250/, 'a duplicate is accepted');
is(count('bob', 'INBOX'), $before + 1, 'and stored once');
$l->deliver('s@example.net', ['carol'], $m);
$m = msg(id => '');
$l->deliver('s@example.net', ['bob'], $m) for 1 .. 2;
is(count('bob', 'INBOX'), $before + 3, 'without Message-ID nothing is suppressed');
like(body('bob', $before + 2), qr/\r\nMessage-ID: <cmu-lmtpd-[^>]+\@mail\.example\.org>\r\n\r\n/, 'a Message-ID is added at the end of the header');

# bad content
@r = $l->deliver('s@example.net', [qw(alice bob)], msg(body => "a\0b\r\n"));
is_deeply(\@r, [ ('554 5.6.0 Message contains NUL characters') x 2 ], 'NUL refused, per recipient');
@r = $l->deliver('s@example.net', ['alice'], "From: a\@b\r\nbadheader line\r\n\r\nx\r\n");
is($r[0], '554 5.6.0 Message contains invalid header', 'broken header refused');
@r = $l->deliver('s@example.net', ['alice'], "From: a\@b\r\nSubject: t\xe9\r\n\r\nx\r\n");
like($r[0], qr/^250/, '8-bit header accepted');
my $uid = count('alice', 'INBOX');
like(body('alice', $uid), qr/Subject: tX\r\n/, 'and munged');
$l->lmtp_cmd('MAIL FROM:<>');
$l->lmtp_cmd('RCPT TO:<alice>');
$l->lmtp_cmd('DATA');
$l->send("Subject: lf\nX: y\n\nbare\n.\nstill\r\n.\r\n");
like($l->reply, qr/^250/, 'bare newlines accepted');
like(body('alice', $uid + 1), qr/Subject: lf\r\nX: y\r\n.*\r\n\r\nbare\r\n\.\r\nstill\r\n\z/s, 'stored with CRLF; LF.LF does not end a message');

# plus addressing
my $a = $i->imap(user => 'alice');
$a->ok('CREATE INBOX/Work');
$l->deliver('s@example.net', ['alice+Work'], msg());
is(count('alice', 'INBOX/Work'), 0, 'no p right: not into the folder');
$a->ok('SETACL INBOX/Work anyone p');
$l->deliver('s@example.net', ['alice+Work'], msg());
is(count('alice', 'INBOX/Work'), 1, 'with p: into the folder');
my $inbox = count('alice', 'INBOX');
$l->deliver('s@example.net', ['alice+No.Such'], msg());
is(count('alice', 'INBOX'), $inbox + 1, 'missing folder: INBOX');
$adm->ok('CREATE shared/foo');
like(($l->deliver('s@example.net', ['bb+shared/foo'], msg()))[0], qr/\n550 5\.7\.1/, 'shared folder without p');
$adm->ok('SETACL shared/foo anyone lrsp');
like(($l->deliver('s@example.net', ['bb+shared/foo'], msg()))[0], qr/^250/, 'postuser+folder with p');
is(count('bob', 'shared/foo'), 1, 'is in the shared folder');
$adm->ok('SETACL shared/foo anyone lrs');
like(($l->deliver('s@example.net', ['bb+shared/foo'], msg()))[0], qr/^550-You do not have permission.*\n550 5\.7\.1 Permission denied$/s, 'refusal in four lines');

# quota: one message may cross the limit
$adm->ok('SETQUOTA user/carol (STORAGE 10)');
@r = $l->deliver('s@example.net', ['carol'], msg(body => join '', ('x' x 70 . "\r\n") x 300));
like($r[0], qr/^250/, 'one message of any size');
@r = $l->deliver('s@example.net', ['carol'], msg());
like($r[0], qr/^452 4\.2\.2 Over quota/, 'then a temporary failure at RCPT');
my $have = count('carol', 'INBOX');
$l->lmtp_cmd('MAIL FROM:<>');
is($l->lmtp_cmd('RCPT TO:<carol> IGNOREQUOTA'), '250 2.1.5 ok', 'IGNOREQUOTA');
$l->lmtp_cmd('DATA');
$l->send(msg() . ".\r\n");
like($l->reply, qr/^250/, 'goes in');
is(count('carol', 'INBOX'), $have + 1, 'and is there');
my ($q) = grep { /^\* QUOTA / } $adm->ok('GETQUOTA user/carol');
like($q, qr/\(STORAGE (2[0-9]) 10\)/, 'usage counted');

# deliver(8)
open my $fh, '>', $i->path('msg') or die $!;
print {$fh} "Subject: by deliver\n\nhello\n.\nafter a dot\n";
close $fh;
chmod 0644, $i->path('msg');
my ($st, $out, $err) = $i->run('deliver', '-r', 'x@example.net', 'alice', { stdin => $i->path('msg') });
is($st, 0, 'deliver') or diag $err;
like(body('alice', count('alice', 'INBOX')), qr/hello\r\n\.\r\nafter a dot\r\n\z/, 'dots survive');
($st) = $i->run('deliver', 'nobody-here', { stdin => $i->path('msg') });
is($st, 67, 'deliver: unknown user');
($st) = $i->run('deliver', 'carol', { stdin => $i->path('msg') });
is($st, 75, 'deliver: over quota is temporary');
($st) = $i->run('deliver', '-q', 'carol', { stdin => $i->path('msg') });
is($st, 0, 'deliver -q');
($st) = $i->run('deliver');
is($st, 64, 'deliver without users: usage');

# TCP without -a needs AUTH
my $port = Halcyon::Test::free_port();
my $t = Halcyon::Test->new(services => { lmtp => 'cmd="' . Halcyon::Test::program('lmtpd') . ' -C IMAPDCONF" listen="127.0.0.1:' . $port . '"' }, nostart => 1);
$t->rewrite('cyrus.conf', sub { s/IMAPDCONF/$t->{dir}\/imapd.conf/ });
$t->start;
my $p = $t->lmtp(port => $port);
$p->lmtp_cmd('LHLO x');
is($p->lmtp_cmd('MAIL FROM:<a@b>'), '430 Authentication required', 'soft_noauth');
require MIME::Base64;
my $plain = MIME::Base64::encode_base64("\0alice\0secret", '');
like($p->lmtp_cmd("AUTH PLAIN $plain"), qr/^535/, 'a user may not');
$plain = MIME::Base64::encode_base64("\0cyrus\0secret", '');
like($p->lmtp_cmd("AUTH PLAIN $plain"), qr/^235/, 'an administrator may');
is($p->lmtp_cmd('MAIL FROM:<a@b>'), '250 2.1.0 ok', 'then MAIL');
is($t->faults . $i->faults, '', 'no faults');
$t->stop;
done_testing;
