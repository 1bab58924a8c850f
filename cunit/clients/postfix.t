#!/usr/bin/perl
# postfix.t - 310 messages by way of Debian's Postfix, four at a time, to 20 users; each is read back
# byte for byte by IMAP, by POP3 and from its spool file
# covers: DL-03 DL-05 DL-15 DL-16 DL-24 DL-33 FQ-01 PT-11 PT-21 ST-01
use strict;
use warnings;
use Net::SMTP;
use Test::More;
use Halcyon::Corpus;
use Halcyon::Job;
use Halcyon::Spool;
use Halcyon::Test;

my @users = map { sprintf 'u%02d', $_ } 1 .. 20;
my $i = Halcyon::Test->new(users => { cyrus => 'secret', map { $_ => 'secret' } @users },
    conf => { munge8bit => 'no', reject8bit => 'no', duplicatesuppression => 'no' });
$i->create_users(@users);
my $w = Halcyon::Job->new($i);
my $smtp_port = Halcyon::Test::free_port();

# ---- a private Postfix: all it writes is below the work directory
my @sudo = $> == 0 ? () : ('sudo', '-n');       # its master insists on being root
my ($etc, $queue, $data) = map { $w->dir($_) } qw(etc queue data);
$w->file('etc/main.cf', <<"EOT", 0644);
compatibility_level = 3.6
queue_directory = $queue
data_directory = $data
maillog_file = $etc/maillog
maillog_file_prefixes = $etc
myhostname = mta.example.org
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
alias_maps =
alias_database =
biff = no
default_transport = lmtp:inet:127.0.0.1:$i->{port}{lmtp}
lmtp_destination_concurrency_limit = 4
initial_destination_concurrency = 4
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_error_sleep_time = 0
# pass messages on as they are
local_header_rewrite_clients =
message_drop_headers =
always_add_missing_headers = no
disable_mime_input_processing = yes
lmtp_line_length_limit = 0
EOT
$w->file('etc/master.cf', <<"EOT", 0644);
127.0.0.1:$smtp_port inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
EOT
system(@sudo, 'chown', 'root', $etc, "$etc/main.cf", "$etc/master.cf", $queue) == 0 or die 'chown failed';
system(@sudo, 'chown', 'postfix', $data) == 0 or die 'chown failed: is postfix installed?';
END {
    # naming $w here keeps its directory until Postfix has ended
    if ($w && -d $w->path('queue', 'pid')) {
        my $status = $?;
        system "@sudo postfix -c $etc stop >/dev/null 2>&1";
        system "@sudo rm -rf $etc $queue $data";
        $? = $status;
    }
}
my $r = $w->run([ @sudo, 'postfix', '-c', $etc, 'start' ], user => 'root');
is($r->{status}, 0, 'Postfix starts') or diag(Halcyon::Job::told($r));

# ---- send: each message to one to three of the users
my @messages = Halcyon::Corpus::load();
cmp_ok(scalar @messages, '>=', 310, 'the corpus has 310 messages');
my (%want, $sent);                              # user => list of messages in the order of sending
my $smtp = Net::SMTP->new('127.0.0.1', Port => $smtp_port, Hello => 'client.example.org', Timeout => 30) or die "no SMTP on $smtp_port: $@";
for my $n (0 .. $#messages) {
    my @to = map { $users[ ($n + 7 * $_) % @users ] } 0 .. $n % 3;
    my $ok = $smtp->mail('sender@example.org', Bits => 8) && $smtp->recipient(map { "$_\@mail.example.org" } @to)
        && $smtp->data && $smtp->rawdatasend($messages[$n]{bytes} =~ s/^\./../mgr) && $smtp->dataend;
    die "Postfix does not take $messages[$n]{name}: " . $smtp->message unless $ok;
    push @{ $want{$_} }, $messages[$n] for @to;
    $sent += @to;
}
$smtp->quit;

# Postfix logs one line per recipient when it is done with it.
sub log_lines {
    open my $fh, '<', "$etc/maillog" or return ();
    return grep { / status=\w+ / } <$fh>;
}
my $deadline = time + 120;
while (log_lines() < $sent && time < $deadline) {
    select undef, undef, undef, 0.1;
}
my @bad = grep { !/ status=sent \(250 / } log_lines();
is(scalar log_lines(), $sent, "$sent deliveries were tried");
is("@bad", '', 'each was answered with 250');

# ---- read back.  What the MTA and the server put in front is known; what follows is the message.
sub strip {
    my ($text) = @_;
    my $field = qr/[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*/;
    $text =~ s/\AReturn-Path: <sender\@example\.org>\r\n// or return "no Return-Path: $text";
    $text =~ s/\AReceived: from mta\.example\.org $field// or return "no Received of LMTP: $text";
    $text =~ s/\AX-Cyrus-Session-Id: $field//;
    $text =~ s/\AX-Sieve: $field//;
    $text =~ s/\AReceived: from client\.example\.org $field// or return "no Received of Postfix: $text";
    return $text;
}

# What has to arrive, header and rest.  Postfix makes a field of an mbox "From " line and ends the
# header with an empty line where that is missing.
sub relayed {
    my ($message) = @_;
    $message =~ s/\AFrom /X-Mailbox-Line: From /;
    my ($header) = $message =~ /\A((?:[!-9;-~]+[ \t]*:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)*)/;
    my $rest = substr $message, length $header;
    $rest = "\r\n$rest" unless $rest =~ /\A(?:\r\n|\z)/;
    return ($header, $rest);
}

# A message without Message-ID or Date was given one, at the end of its header.
sub same {
    my ($got, $message) = @_;
    my ($header, $rest) = relayed($message);
    # final delivery may take out a Return-Path that the message brought along (RFC 5321 4.4); 3.6.1 does
    $header =~ s/^Return-Path[ \t]*:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*//mig if $i->{peer};
    return 0 unless length $got >= length "$header$rest" && substr($got, 0, length $header) eq $header
        && substr($got, length($got) - length $rest) eq $rest;
    my $given = substr $got, length $header, length($got) - length "$header$rest";
    return 0 unless $given =~ /\A(?:(?:Message-ID|Date): [^\r\n]+\r\n)*\z/i;
    return !grep { $header =~ /^\Q$_\E:/mi } $given =~ /^([\w-]+):/mg;
}

my %directory = map { (Halcyon::Spool::read_header($_)->{name} => $_) } Halcyon::Spool::mailbox_dirs($i);
my %total;
for my $user (@users) {
    my $c = $i->imap(user => $user);
    $c->ok('EXAMINE INBOX');
    my @imap;
    for my $line ($c->ok('UID FETCH 1:* (RFC822.SIZE BODY.PEEK[])')) {
        my ($size, $n, $text) = $line =~ /RFC822\.SIZE (\d+) BODY\[\] \{(\d+)\}\r\n(.*)\)\z/s or next;
        $total{'wrong size'}++ if $size != $n || $n != length $text;
        push @imap, $text;
    }
    $c->logout;
    my $p = $i->pop3;
    $p->pop_cmd("USER $user");
    $p->pop_cmd('PASS secret');
    my @pop = map { ($p->pop_multi("RETR $_"))[1] } 1 .. @imap;
    $p->pop_cmd('QUIT');
    my $dir = $directory{"user.$user"};
    my @spool = map {
        open my $fh, '<:raw', "$dir/$_." or die "$dir/$_.: $!";
        local $/;
        scalar <$fh>;
    } 1 .. @imap;
    $total{messages} += @imap;
    for my $n (0 .. $#imap) {
        $total{'POP3 differs'}++ if $pop[$n] ne $imap[$n];
        $total{'file differs'}++ if $spool[$n] ne $imap[$n];
    }
    # four deliveries at a time: the order is not that of sending
    my @left = map { [ strip($_), $_ ] } @imap;
    for my $m (@{ $want{$user} }) {
        my ($at) = grep { same($left[$_][0], $m->{bytes}) } 0 .. $#left;
        if (defined $at) { splice @left, $at, 1 } else { $total{"missing: $m->{name} of $user"}++ }
    }
    if (@left) {
        $total{'not a message that was sent'} += @left;
        diag(join "\n----\n", map { substr $_->[0], 0, 600 } @left[0 .. ($#left < 2 ? $#left : 2)]);
    }
}
is_deeply(\%total, { messages => $sent }, 'all were read back byte for byte, by IMAP, POP3 and from the spool');

is($i->faults, '', 'no process reported a fault');
done_testing();
