#!/usr/bin/perl
# oracle_append.t - APPEND and its kin to ours and to Debian's cyrus-imapd 3.6.1: the same answers.
# What ours means to answer otherwise is marked in the table, with the reason.
# covers: IM-01 AC-10 QU-09
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $M = "From: a\@example.org\r\nSubject: m\r\n\r\nbody\r\n";
# [ user, reason why the answers are not compared or undef, parts: literals are references ]
my @ROWS = (
    [ alice => undef, 'APPEND INBOX ', \$M, ' ', \$M ],
    [ alice => undef, 'APPEND INBOX (\Seen) ', \$M, ' (\Flagged kw) " 7-Feb-1994 22:43:04 -0800" ', \$M, ' ', \$M ],
    [ alice => undef, 'APPEND INBOX ', \$M, ' ', \'' ],
    [ alice => undef, 'APPEND INBOX ', \'' ],
    [ alice => undef, 'APPEND INBOX ', \$M, ' ', \"bare\nx\n" ],
    [ alice => undef, 'APPEND INBOX ', \$M, ' ', \"a: b\r\n\r\nx\0\r\n" ],
    [ alice => undef, 'APPEND INBOX ', \$M, ' (\Nope) ', \$M ],
    [ alice => undef, 'APPEND INBOX ', \$M, ' "99-Foo-2000 00:00:00 +0000" ', \$M ],
    [ alice => undef, 'APPEND INBOX ', \$M, 'garbage' ],
    [ alice => undef, 'APPEND INBOX ', \$M, ' foo' ],
    [ alice => undef, 'APPEND INBOX.nosuch ', \$M, ' ', \$M ],
    [ alice => 'TRYCREATE unless it is certain that it cannot be created (RFC 3501 6.3.11); 3.6.1 looks at the rights above', 'APPEND nosuch ', \$M, ' ', \$M ],
    [ alice => undef, 'STATUS INBOX (MESSAGES UIDNEXT UNSEEN)' ],
    [ alice => undef, 'SELECT INBOX' ],
    [ alice => undef, 'APPEND INBOX ', \$M, ' (\Draft) ', \$M ],
    [ alice => undef, 'FETCH 1:* (UID FLAGS)' ],
    [ alice => undef, 'UNSELECT' ],
    [ alice => undef, 'CREATE INBOX.Shared' ], [ alice => undef, 'SETACL INBOX.Shared bob lrsi' ],
    [ bob => undef, 'APPEND user.alice.Shared (\Seen) ', \$M, ' (\Flagged kw) ', \$M, ' (\Seen \Deleted) ', \$M ],
    [ bob => undef, 'SELECT user.alice.Shared' ], [ bob => undef, 'FETCH 1:* (UID FLAGS)' ],
    # literal8, CATENATE
    [ alice => undef, 'CREATE INBOX.Cat' ],
    [ alice => undef, 'APPEND INBOX.Cat (\Seen) CATENATE (TEXT ', \$M, ' TEXT ', \'more', ')' ],
    [ alice => undef, 'APPEND INBOX.Cat CATENATE (URL "/INBOX.Cat/;UID=1/;SECTION=HEADER" TEXT ', \'abcde', ')' ],
    [ alice => undef, 'APPEND INBOX.Cat CATENATE (URL "/INBOX.Cat/;UID=1/;SECTION=1.MIME" TEXT ', \"a: b\r\n\r\nabcde", ')' ],
    [ alice => undef, 'APPEND INBOX.Cat CATENATE (URL "/INBOX.Cat/;UID=1/;PARTIAL=0.21" TEXT ', \"Subject: y\r\n\r\nx", ')' ],
    [ alice => undef, 'APPEND INBOX.Cat CATENATE (URL ', \'/INBOX.Cat/;UID=1', ') (\Draft) ', \$M, ' "01-Jan-2015 00:00:00 +0000" CATENATE (TEXT ', \$M, ')' ],
    map({ [ alice => undef, "APPEND INBOX.Cat CATENATE (URL \"$_\")" ] }
        '/INBOX.Cat;UIDVALIDITY=9/;UID=1', '/INBOX.Cat/;UID=99', '/nosuch/;UID=1', 'imap://localhost/INBOX.Cat/;UID=1', 'http://localhost/',
        '/INBOX.Cat', '/INBOX.Cat/;UID=0', '/user.bob/;UID=1', '/INBOX.Cat/;UID=1;URLAUTH=anonymous:internal:00112233445566778899aabbccddeeff00112233'),
    [ alice => '3.6.1 names no URL when the section is not there', 'APPEND INBOX.Cat CATENATE (URL "/INBOX.Cat/;UID=1/;SECTION=9")' ],
    [ alice => '3.6.1 speaks of an I/O error', 'APPEND INBOX.Cat CATENATE (TEXT ', \'', ')' ],
    [ alice => undef, 'APPEND INBOX.Cat CATENATE ()' ], [ alice => undef, 'APPEND INBOX.Cat CATENATE (FOO "x")' ],
    [ alice => '3.6.1 takes Recent away when it reads by a URL', 'EXAMINE INBOX.Cat' ], [ alice => undef, 'FETCH 1:* (UID RFC822.SIZE BODY.PEEK[TEXT])' ],
    [ alice => undef, 'APPEND INBOX CATENATE (URL ";UID=1")' ], [ alice => undef, 'APPEND INBOX CATENATE (URL "/;UID=1" URL "INBOX.Cat/;UID=1")' ],
    [ alice => '3.6.1 does not look at the header that comes out', 'APPEND INBOX CATENATE (URL "/;UID=1/;SECTION=TEXT" URL "INBOX.Cat/;UID=1")' ],
    [ alice => '3.6.1 cannot do it (RFC 5092 9)', 'APPEND INBOX.Cat CATENATE (URL "/INBOX.Cat/;UID=1/;SECTION=HEADER.FIELDS%20(SUBJECT)")' ],
    [ alice => undef, 'UNSELECT' ],
    # URLAUTH
    map({ [ alice => undef, $_ ] } map({ qq(GENURLAUTH "imap://alice\@mail.example.org/$_" INTERNAL) } 'INBOX/;UID=1;URLAUTH=anonymous',
            'INBOX;UIDVALIDITY=1/;UID=1/;SECTION=TEXT;URLAUTH=user+bob', 'INBOX.Cat/;UID=99;EXPIRE=2036-01-01T00:00:00Z;URLAUTH=authuser', 'user.alice/;UID=1;URLAUTH=submit+bob', 'nosuch/;UID=1;URLAUTH=anonymous'),
        'GENURLAUTH', 'GENURLAUTH "imap://alice@mail.example.org/INBOX/;UID=1;URLAUTH=anonymous" FOO', 'URLFETCH', 'URLFETCH "imap://alice@mail.example.org/INBOX/;UID=1" foo',
        'URLFETCH "imap://alice@mail.example.org/INBOX/;UID=1;URLAUTH=anonymous:internal:00112233445566778899aabbccddeeff0011223344"', 'RESETKEY INBOX', 'RESETKEY INBOX INTERNAL', 'RESETKEY nosuch', 'RESETKEY', 'RESETKEY'),
    [ alice => '3.6.1 says NO, RFC 4467 7 BAD', 'GENURLAUTH "imap://alice@mail.example.org/INBOX/;UID=1" INTERNAL' ],
    [ bob => 'TRYCREATE, as above', 'APPEND user.alice ', \$M, ' ', \$M ],
);

sub words {
    my ($line) = @_;
    $line =~ s/(APPENDUID|UIDVALIDITY) \d+/$1 N/;
    $line =~ s/^NO \[(?!TRYCREATE|TOOBIG|BADURL|OVERQUOTA)[A-Z]+\] /NO /;      # codes of RFC 5530
    $line =~ s/:internal:00[0-9a-f]{40}"/:internal:TOKEN"/g;
    $line =~ s/(NO) Error removing key: /$1 /;
    $line =~ s/^(OK) \[MAILBOXID \S+\] /$1 /;
    $line =~ s/ \(\d\.\d+ sec\)\z//;
    $line =~ s/^BAD .*/BAD/;                            # the words about a syntax error are our own
    $line =~ s/^NO (?:Mailbox is read-only|Permission denied)/NO denied/;
    $line =~ s/\(([^()]*\\[^()]*)\)/'(' . join(' ', sort split ' ', $1) . ')'/e;
    return $line;
}

sub ask {
    my ($i, $open, $user, @parts) = @_;
    my $c = $open->{$user} ||= $i->imap(user => $user);
    my $r = eval { $c->cmd(@parts) };
    if (!$r) { delete $open->{$user}; return "connection lost: $@" }
    return join "\n", map { words($_) } grep { !/^\* BAD Invalid tag|^\* OK \[(?:HIGHESTMODSEQ|MAILBOXID|ANNOTATIONS|URLMECH)/ } @{ $r->{untagged} }, "$r->{status} $r->{text}";
}

my @answers;
for my $peer ('', 'cyrus') {
    my $i = Halcyon::Test->new(peer => $peer, conf => { servername => 'mail.example.org', mboxkey_db => 'twoskip' },
        users => { map { $_ => 'secret' } qw(alice bob cyrus) });
    $i->create_users(qw(alice bob));
    my %open;
    push @answers, [ map { my ($user, undef, @parts) = @$_; ask($i, \%open, $user, @parts) } @ROWS ];
    $_->close for values %open;
    $i->stop;
}
for my $n (0 .. $#ROWS) {
    my ($user, $why, @parts) = @{ $ROWS[$n] };
    my $name = "$user: " . join '', map { ref $_ ? '{' . length($$_) . '}' : $_ } @parts;
    if (defined $why) { unlike($answers[0][$n], qr/connection lost/, "$name (differs: $why)") }
    else { is($answers[0][$n], $answers[1][$n], $name) }
}
done_testing();
