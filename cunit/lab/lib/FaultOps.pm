package FaultOps;
# FaultOps - the operations whose acknowledgement is a promise, one row each
#
#   for my $op (@FaultOps::OPS) { ... }
#   my $s = FaultOps::session($op, $tree, env => {...});     # logged in, ready for the operation
#   my %reply = FaultOps::perform($op, $s);                  # user => 'yes', 'no' or 'gone'
#   FaultOps::leave($op, $s);
#
# reply: what was said about each user the operation is for (several for a delivery to several).
use strict;
use warnings;
use FaultLab;
use FaultProgram;
use FaultState;
use Halcyon::Client;

# Mailboxes that are looked at: those of the population and those that operations make.
our %BOXES = (
    alice => [ 'INBOX', 'INBOX.Work', 'INBOX.Work.Old', 'INBOX.Empty', 'INBOX.New', 'INBOX.Renamed', 'INBOX.Renamed.Old' ],
    bob   => [ 'INBOX', 'user.alice.Work' ],
    carol => [ 'INBOX' ],
);

sub _imap {
    my ($name, $user, $prepare, @parts) = @_;
    return { name => $name, program => 'imapd', user => $user, prepare => $prepare, parts => \@parts };
}

sub _lmtp { my ($name, @to) = @_; return { name => $name, program => 'lmtpd', to => \@to, looks => \@to } }

our @OPS = (
    _lmtp('deliver1', 'alice'),
    _lmtp('deliver3', 'alice', 'bob', 'carol'),
    _imap('append', 'alice', [], 'APPEND INBOX (\Flagged NewWord) " 5-Feb-2015 10:00:00 +0000" ', \FaultState::message(77)),
    { %{ _imap('multiappend', 'alice', [], 'APPEND INBOX (\Flagged) " 5-Feb-2015 10:00:00 +0000" ', \FaultState::message(77),
               ' (\Seen) " 6-Feb-2015 10:00:00 +0000" ', \FaultState::message(78)) }, needs => 'MULTIAPPEND' },
    { %{ _imap('catenate', 'alice', [], 'APPEND INBOX CATENATE (URL "/INBOX/;UID=1/;SECTION=HEADER" TEXT ', \FaultState::message(79), ')') }, needs => 'CATENATE' },
    { %{ _imap('replace', 'alice', ['SELECT INBOX'], 'UID REPLACE 2 INBOX (\Draft) ', \FaultState::message(80)) }, needs => 'REPLACE' },
    { %{ _imap('replace2', 'alice', ['SELECT INBOX'], 'UID REPLACE 2 INBOX.Work ', \FaultState::message(81)) }, needs => 'REPLACE' },
    _imap('copy', 'alice', ['SELECT INBOX'], 'UID COPY 1:3 INBOX.Work'),
    _imap('move', 'alice', ['SELECT INBOX'], 'UID MOVE 1:3 INBOX.Work'),
    _imap('store', 'alice', ['SELECT INBOX'], 'UID STORE 1:6 +FLAGS (\Answered NewWord)'),
    _imap('expunge', 'alice', ['SELECT INBOX'], 'EXPUNGE'),
    _imap('close', 'alice', ['SELECT INBOX'], 'CLOSE'),
    _imap('create', 'alice', [], 'CREATE INBOX.New'),
    _imap('delete', 'alice', [], 'DELETE INBOX.Work.Old'),
    _imap('rename', 'alice', [], 'RENAME INBOX.Work INBOX.Renamed'),
    _imap('setacl', 'alice', [], 'SETACL INBOX.Empty bob lrswi'),
    _imap('subscribe', 'alice', [], 'SUBSCRIBE INBOX.Empty'),
    { %{ _imap('setquota', 'cyrus', [], 'SETQUOTA user.alice (STORAGE 2000 MESSAGE 600)') }, looks => ['alice'] },
    { %{ _imap('seen', 'bob', ['SELECT user.alice.Work'], 'UID STORE 2 +FLAGS (\Seen)') }, looks => [ 'alice', 'bob' ] },
    { name => 'pop3', program => 'pop3d', user => 'alice', looks => ['alice'] },
);
$_->{looks} ||= [ $_->{user} ] for @OPS;

# Leave out what the server does not offer (rows with `needs`: a word of its capability list).
sub keep_offered {
    my ($dir) = @_;
    my $s = FaultProgram->start({ dir => $dir }, 'imapd');
    my $c = $s->client;
    $c->response;
    $c->login('alice', 'secret');
    my ($offered) = grep { /^\* CAPABILITY/ } $c->ok('CAPABILITY');
    $c->logout;
    $s->ended(5);
    @OPS = grep { !$_->{needs} || $offered =~ / \Q$_->{needs}\E\b/ } @OPS;
}

# The mailboxes to look at after an operation.  A delivery to somebody shows in nobody else's.
sub boxes {
    my ($op) = @_;
    my $all = { map { $_ => $BOXES{$_} } @{ $op->{looks} } };
    $all->{bob} = ['INBOX'] if $op->{to} && $all->{bob};
    return $all;
}

# ---- doing it

my %GREETING = (imapd => 'response', lmtpd => 'reply', pop3d => 'line');

# Begins a dialogue; dies with words when the server does not play along.  keep => \$p: the process is
# put there even then.  greeted: called when the server is there and nothing was sent yet.
sub session {
    my ($op, $tree, %o) = @_;
    my $s = FaultProgram->start($tree, $op->{program}, %o);
    ${ $o{keep} } = $s if $o{keep};
    my $c = $s->client;
    $c->can($GREETING{ $op->{program} })->($c);
    $o{greeted}->() if $o{greeted};
    if ($op->{program} eq 'imapd') {
        $c->login($op->{user}, 'secret');
        $c->ok($_) for @{ $op->{prepare} };
    } elsif ($op->{program} eq 'lmtpd') {
        $c->lmtp_cmd('LHLO client.example.org') =~ /^250/ or die "LHLO refused\n";
    } else {
        $c->pop_cmd("USER $op->{user}") =~ /^\+OK/ && $c->pop_cmd('PASS secret') =~ /^\+OK/ or die "POP3 login refused\n";
        $c->pop_cmd("DELE $_") =~ /^\+OK/ or die "DELE refused\n" for 1, 3;
    }
    return $s;
}

sub _said {
    my ($ok) = @_;
    return $ok ? 'yes' : 'no';
}

sub _perform_lmtp {
    my ($op, $c) = @_;
    my %reply;
    my $r = $c->lmtp_cmd('MAIL FROM:<sender@example.org>');
    return map { $_ => 'no' } @{ $op->{to} } unless $r =~ /^250/;
    my @accepted;
    for my $user (@{ $op->{to} }) {
        $reply{$user} = _said($c->lmtp_cmd("RCPT TO:<$user>") =~ /^250/);
        push @accepted, $user if $reply{$user} eq 'yes';
    }
    return %reply unless @accepted;
    if ($c->lmtp_cmd('DATA') !~ /^354/) { $reply{$_} = 'no' for @accepted; return %reply }
    $reply{$_} = 'gone' for @accepted;
    eval {
        $c->send(FaultState::message(88) . ".\r\n");
        for my $user (@accepted) { my $line = $c->reply; $reply{$user} = _said($line =~ /^250/); $op->{words} = $line if $line !~ /^250/ }
    };
    return %reply;
}

# What was answered, by user.  'gone': the connection ended without an answer; 'late': no answer in time.
sub perform {
    my ($op, $s) = @_;
    my $c = $s->client;
    my %reply;
    $op->{words} = '';
    local $Halcyon::Client::TIMEOUT = 8;
    my $went = eval {
        if ($op->{program} eq 'imapd') {
            my $r = $c->cmd(@{ $op->{parts} });
            $op->{words} = "$r->{status} $r->{text}";
            $reply{$_} = _said($r->{status} eq 'OK') for @{ $op->{looks} };
        } elsif ($op->{program} eq 'lmtpd') {
            %reply = _perform_lmtp($op, $c);
        } else {
            $op->{words} = $c->pop_cmd('QUIT');
            $reply{alice} = _said($op->{words} =~ /^\+OK/);
        }
        1;
    };
    my $why = $went ? '' : $@ =~ /time-out/ ? 'late' : 'gone';
    $reply{$_} //= $why for @{ $op->{looks} };
    return %reply;
}

# End the dialogue politely; true when the process ended with status 0 in time.
sub leave {
    my ($op, $s) = @_;
    my $c = $s->client;
    local $Halcyon::Client::TIMEOUT = 5;
    eval { $op->{program} eq 'imapd' ? $c->cmd('LOGOUT') : $op->{program} eq 'lmtpd' ? $c->lmtp_cmd('QUIT') : 1 };
    $c->close;
    return ($s->ended(5) // 'hang') eq '';
}

# ---- what is there, in a form that two runs of the same operation share

# Facts of each user as one text, one line each.
sub picture {
    my ($told) = @_;
    my %picture;
    for my $user (keys %$told) {
        my $fact = FaultState::facts($user, $told->{$user}, \my %status);
        my @lines;
        for my $key (sort keys %$fact) {
            my $value = $fact->{$key};
            next if $key =~ /MODSEQ\z/;
            next if $key =~ / (?:FLAGS|OK \[PERMANENTFLAGS)\z/ && $key !~ / uid /;  # words that are known, not set
            # times, trace headers and session names are of the run
            my ($at) = $key =~ /^(.* uid \d+) /;
            my $delivered = $at && ($fact->{"$at BODY[]"} // '') =~ /X-Cyrus-Session-Id:/;
            $value =~ s/^\{\d+\}\r\nReturn-Path:.*?(?=^From:)/DELIVERED /ms if $key =~ /BODY\[\]\z/;
            next if $delivered && $key =~ /RFC822\.SIZE\z/;
            next if $key =~ /INTERNALDATE\z/ && $value !~ /-2015 /;
            $value = 'N' if $key =~ /UIDVALIDITY\z/ && $key =~ /INBOX\.(?:New|Renamed)/;
            $value =~ s/STORAGE (\d+)/STORAGE ~/ if $key =~ /^QUOTA /;
            push @lines, "$key = $value";
        }
        $picture{$user} = join "\n", @lines;
        $picture{$user} = "the session ended: $told->{$user}{ending}\n" . $picture{$user} if !defined $status{LOGOUT};
    }
    return \%picture;
}

# First lines that differ, for people.
sub difference {
    my ($was, $is) = @_;
    my %was = map { $_ => 1 } split /\n/, $was;
    my %is = map { $_ => 1 } split /\n/, $is;
    my @gone = map { "-$_" } grep { !$is{$_} } sort keys %was;
    my @new = map { "+$_" } grep { !$was{$_} } sort keys %is;
    return join '; ', map { substr $_, 0, 100 } grep { defined } @gone[ 0 .. 3 ], @new[ 0 .. 3 ];
}

1;
