#!/usr/bin/perl
# oracle_urlauth.t - extended URLFETCH (RFC 5524): what ours and Debian's cyrus-imapd 3.6.1 say of every kind of section
# covers: IM-10
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $host = 'mail.example.org';
my $message = join "\r\n", 'Subject: s', 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b', '', '--b', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: quoted-printable', '', 'caf=C3=A9',
    '--b', 'Content-Type: application/octet-stream', 'Content-Transfer-Encoding: base64', '', 'AGFiYw0K', '--b', 'Content-Type: image/x', 'Content-Transfer-Encoding: x-odd', '', 'zzz',
    '--b', 'Content-Type: message/rfc822', '', "Subject: in\r\nContent-Type: text/plain\r\n\r\ninner\r\n--b", 'Content-Type: multipart/alternative; boundary=c', '', '--c', '', 'alt', '--c--', '', '--b--', '';
my @SECTIONS = ('', qw(1 2 3 4 5 5.1 4.1 HEADER 1.MIME 4.HEADER 4.TEXT TEXT 9));
my @ITEMS = ('', 'BODY', 'BINARY', 'BODYPARTSTRUCTURE', 'BODYPARTSTRUCTURE BINARY');
my $WHOLE = 'the size and the lines of the message itself; 3.6.1 says 0';

my @said;
for my $peer ('', 'cyrus') {
    my $i = Halcyon::Test->new(peer => $peer, conf => { servername => $host });
    $i->create_users('alice');
    my $c = $i->imap(user => 'alice');
    $c->ok('APPEND INBOX ', \$message);
    my %is;
    for my $section (@SECTIONS) {
        my ($url) = map { /"([^"]+)"/ ? $1 : () } $c->ok("GENURLAUTH \"imap://alice\@$host/INBOX/;UID=1" . ($section ne '' ? "/;SECTION=$section" : '') . ';URLAUTH=anonymous" INTERNAL');
        for my $item (@ITEMS) {
            my $r = $c->cmd("URLFETCH (\"$url\"" . ($item ? " $item" : '') . ')');
            my $text = join '|', @{ $r->{untagged} }, $r->{status};
            $text =~ s/\Q$url\E/URL/;
            $is{"$section $item"} = $text;
        }
    }
    push @said, \%is;
    $c->logout;
    $i->stop;
}
for my $section (@SECTIONS) {
    for my $item (@ITEMS) {
        my $name = 'section "' . $section . "\" $item";
        if ($section eq '' && $item =~ /STRUCTURE/) { ok(1, "$name (differs: $WHOLE)") }
        else { is($said[0]{"$section $item"}, $said[1]{"$section $item"}, $name) }
    }
}
done_testing();
