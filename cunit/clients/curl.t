#!/usr/bin/perl
# curl.t - curl over IMAP, IMAPS, STARTTLS and POP3: list, search, fetch, append, store, status
# covers: IM-01 IM-02 AU-06 PO-01 PO-04 PO-06 PO-07
use strict;
use warnings;
use Test::More;
use Halcyon::Corpus;
use Halcyon::Job;
use Halcyon::Test;

my $i = Halcyon::Test->new(tls => 1);
$i->create_users('alice');
my @made = map { Halcyon::Corpus::made($_)->{bytes} } 1 .. 3;
$i->fill('alice', @made);
my $w = Halcyon::Job->new($i);
my $cert = $i->path('conf', 'cert.pem');
my %p = %{ $i->{port} };
my $plain = "imap://127.0.0.1:$p{imap}";

sub curl {
    my ($what, @args) = @_;
    my $r = $w->run([ qw(curl -s -S --max-time 20 -u alice:secret), @args ]);
    is($r->{status}, 0, $what) or diag(Halcyon::Job::told($r));
    return $r->{out};
}

# ---- IMAP
like(curl('list', "$plain/"), qr/^\* LIST \([^)]*\) "\." "?INBOX"?\r$/m, 'LIST shows the INBOX');
is(curl('search all', "$plain/INBOX?ALL"), "* SEARCH 1 2 3\r\n", 'SEARCH finds every message');
is(curl('search subject', "$plain/INBOX?SUBJECT%20%22message%202%22"), "* SEARCH 2\r\n", 'SEARCH by subject');
my ($subject) = $made[1] =~ /^(Subject: .*)\r$/m;
like(curl('header', "$plain/INBOX;MAILINDEX=2;SECTION=HEADER.FIELDS%20(SUBJECT)"), qr/^\Q$subject\E\r\n\r\n\z/, 'one header field');
like(curl('message', "$plain/INBOX;UID=1"), qr/\Q$made[0]\E\z/, 'a message by UID');
my ($body) = $made[0] =~ /\r\n\r\n(.*)\z/s;
is(curl('text', "$plain/INBOX;UID=1;SECTION=TEXT"), $body, 'its text alone');
curl('create', "$plain/", '-X', 'CREATE INBOX.Drafts');
curl('append', '-T', $w->file('msg.eml', $made[2]), "$plain/INBOX.Drafts");
like(curl('status', "$plain/", '-X', 'STATUS INBOX.Drafts (MESSAGES UIDNEXT)'),
    qr/^\* STATUS "?INBOX\.Drafts"? \(MESSAGES 1 UIDNEXT 2\)\r$/m, 'the message was appended');
my $r = $w->run([ qw(curl -s --max-time 20 -u alice:secret -T), $w->file('lf.eml', $made[2] =~ s/\r//gr), "$plain/INBOX.Drafts" ]);
isnt($r->{status}, 0, 'APPEND with bare newlines is refused');
like(curl('store', "$plain/INBOX", '-X', 'STORE 1 +FLAGS (\Flagged $Forwarded)'), qr/^\* 1 FETCH \(.*\\Flagged.*\$Forwarded/m, 'STORE answers with the flags');
is(curl('search flagged', "$plain/INBOX?FLAGGED%20KEYWORD%20%24Forwarded"), "* SEARCH 1\r\n", 'the flags are kept');
like(curl('examine', "$plain/INBOX", '-X', 'EXPUNGE'), qr/\A\s*\z/, 'EXPUNGE of nothing');

# ---- TLS at once and by STARTTLS; bad password
like(curl('imaps', '--cacert', $cert, "imaps://localhost:$p{imaps}/INBOX", '-X', 'STATUS INBOX (MESSAGES UIDNEXT)'),
    qr/\(MESSAGES 3 UIDNEXT 4\)/, 'STATUS over IMAPS');
like(curl('starttls', '--ssl-reqd', '--cacert', $cert, "imap://localhost:$p{imap}/INBOX;UID=2"), qr/\Q$made[1]\E\z/, 'fetch after STARTTLS');
for my $mech (qw(PLAIN LOGIN CRAM-MD5 DIGEST-MD5)) {
    is(curl("login with $mech", "imap://127.0.0.1:$p{imap}/INBOX?ALL", '--login-options', "AUTH=$mech"), "* SEARCH 1 2 3\r\n", "$mech answers the same");
}
$r = $w->run([ qw(curl -s --max-time 20 -u alice:wrong), "$plain/" ]);
is($r->{status}, 67, 'a wrong password is refused') or diag(Halcyon::Job::told($r));

# ---- POP3
my $list = curl('pop3 list', "pop3://127.0.0.1:$p{pop3}/");
is(scalar(my @n = $list =~ /^\d+ \d+\r$/mg), 3, 'LIST of three messages') or diag($list);
like(curl('pop3 retrieve', "pop3://127.0.0.1:$p{pop3}/2"), qr/\Q$made[1]\E\z/, 'RETR gives the message');
like(curl('pop3 uidl', "pop3://127.0.0.1:$p{pop3}/", '-X', 'UIDL'), qr/^1 \S+\r\n2 \S+\r\n3 \S+\r$/m, 'UIDL');
like(curl('pop3s', '--cacert', $cert, "pop3s://localhost:$p{pop3s}/1"), qr/\Q$made[0]\E\z/, 'RETR over POP3S');
like(curl('stls', '--ssl-reqd', '--cacert', $cert, "pop3://localhost:$p{pop3}/1"), qr/\Q$made[0]\E\z/, 'RETR after STLS');
curl('pop3 delete', "pop3://127.0.0.1:$p{pop3}/3", '-X', 'DELE', '-l');
is(curl('search again', "$plain/INBOX?ALL"), "* SEARCH 1 2\r\n", 'DELE took effect at QUIT');

is($i->faults, '', 'no process reported a fault');
done_testing();
