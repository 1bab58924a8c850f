package Halcyon::Client;
# Halcyon::Client - blocking test clients for IMAP, POP3 and LMTP, with a deadline on every wait
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(AF_UNIX SOCK_STREAM PF_UNSPEC);

our $TIMEOUT = 30;
$SIG{PIPE} = 'IGNORE';         # a server that hangs up is an error to be reported, not a signal

sub _connect {
    my ($class, %o) = @_;
    my $sock;
    if ($o{tls}) {
        $sock = _openssl('-connect', "localhost:$o{port}", $o{starttls} ? ('-starttls', $o{starttls}) : ());
    } elsif ($o{unix}) {
        $sock = IO::Socket::UNIX->new(Peer => $o{unix}) or die "$o{unix}: $!";
    } else {
        $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $o{port}, Proto => 'tcp')
            or die "connect to port $o{port}: $!";
    }
    binmode $sock;
    return bless { sock => $sock, buf => '', tag => 0 }, $class;
}

# TLS by way of "openssl s_client" on a socket pair.  After -starttls imap the client has read the
# greeting itself; the first line seen here is what follows the handshake.
sub _openssl {
    my (@args) = @_;
    socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die "socketpair: $!";
    my $pid = fork();
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        close $ours;
        open STDIN, '<&', $theirs;
        open STDOUT, '>&', $theirs;
        open STDERR, '>', '/dev/null';
        exec 'openssl', 's_client', '-quiet', '-noservername', @args or POSIX::_exit(127);
    }
    close $theirs;
    return $ours;
}

sub _fill {
    my ($self) = @_;
    die "time-out waiting for the server\n"
        unless IO::Select->new($self->{sock})->can_read($TIMEOUT);
    my $inflate = $self->{inflate};
    my $n = sysread $self->{sock}, $inflate ? $self->{wire} : $self->{buf}, 65536, $inflate ? length $self->{wire} : length $self->{buf};
    die "connection closed by the server\n" unless $n;
    $self->_inflate if $inflate;
}

# What the server compressed: as far as it goes.  The end of the compressed data ends the layer.
sub _inflate {
    my ($self) = @_;
    my $status = $self->{inflate}->inflate($self->{wire}, my $text);
    $self->{buf} .= $text;
    if ($status == Compress::Raw::Zlib::Z_STREAM_END()) {
        delete $self->{inflate};
        $self->{buf} .= $self->{wire};
        $self->{wire} = '';
    } elsif ($status != Compress::Raw::Zlib::Z_OK() && $status != Compress::Raw::Zlib::Z_BUF_ERROR()) {
        die "the server's compressed data is broken: $status\n";
    }
}

# COMPRESS DEFLATE (RFC 4978), and the layer on this side.
sub compress {
    my ($self) = @_;
    require Compress::Raw::Zlib;
    my $r = $self->cmd('COMPRESS DEFLATE');
    return $r unless $r->{status} eq 'OK';
    my %o = (-WindowBits => -15, -AppendOutput => 1);
    $self->{deflate} = Compress::Raw::Zlib::Deflate->new(%o);
    $self->{inflate} = Compress::Raw::Zlib::Inflate->new(%o, -LimitOutput => 0);
    $self->{wire} = '';
    return $r;
}

# Bytes as they have to go over the wire.
sub deflated {
    my ($self, $bytes) = @_;
    my $wire = '';
    $self->{deflate}->deflate($bytes, $wire);
    $self->{deflate}->flush($wire, Compress::Raw::Zlib::Z_SYNC_FLUSH());
    return $wire;
}

sub send {
    my ($self, $bytes) = @_;
    my $off = 0;
    $bytes = $self->deflated($bytes) if $self->{deflate};
    while ($off < length $bytes) {
        my $n = syswrite $self->{sock}, $bytes, length($bytes) - $off, $off;
        die "write: $!\n" unless defined $n;
        $off += $n;
    }
}

# One line without CRLF.
sub line {
    my ($self) = @_;
    my $i;
    $self->_fill while ($i = index $self->{buf}, "\n") < 0;
    my $line = substr $self->{buf}, 0, $i + 1, '';
    $line =~ s/\r?\n\z//;
    return $line;
}

sub bytes {
    my ($self, $n) = @_;
    $self->_fill while length $self->{buf} < $n;
    return substr $self->{buf}, 0, $n, '';
}

# True when the server closes within the time limit (what it still said is in $self->{buf}).
sub closed {
    my ($self) = @_;
    return eval { $self->_fill while 1; 1 } || $@ =~ /closed/ ? 1 : 0;
}

sub close { my ($self) = @_; close $self->{sock} }

# ---- IMAP
sub imap {
    my ($class, %o) = @_;
    my $self = $class->_connect(%o);
    $self->{greeting} = $self->response;
    return $self;
}

# One response line with its literals in place.
sub response {
    my ($self) = @_;
    my $text = '';
    while (1) {
        my $line = $self->line;
        $text .= $line;
        return $text unless $line =~ /\{(\d+)\}\z/;
        $text .= "\r\n" . $self->bytes($1);
    }
}

# Send a command; literals are given as \"bytes" between text pieces and wait for "+".
# Returns { status, text, untagged => [...] }.
sub cmd {
    my ($self, @parts) = @_;
    my $tag = $self->start(@parts);
    return $self->finish($tag);
}

sub start {
    my ($self, @parts) = @_;
    my $tag = 'a' . ++$self->{tag};
    my @untagged;
    my $out = "$tag ";
    while (@parts) {
        my $p = shift @parts;
        if (ref $p) {
            $self->send($out . '{' . length($$p) . "}\r\n");
            while (1) {
                my $r = $self->response;
                last if $r =~ /^\+/;
                if ($r =~ /^\Q$tag\E /) { $self->{early} = $r; $self->{pending} = \@untagged; return $tag }
                push @untagged, $r;
            }
            $out = $$p;
        } else {
            $out .= $p;
        }
    }
    $self->send("$out\r\n");
    $self->{pending} = \@untagged;
    return $tag;
}

sub finish {
    my ($self, $tag) = @_;
    my @untagged = @{ delete $self->{pending} || [] };
    my $early = delete $self->{early};
    while (1) {
        my $r = $early // $self->response;
        undef $early;
        if ($r =~ /^\Q$tag\E (\S+) ?(.*)/s) {
            return { status => $1, text => $2, untagged => \@untagged };
        }
        push @untagged, $r;
    }
}

# The command must succeed; returns the untagged responses.
sub ok {
    my ($self, @parts) = @_;
    my $r = $self->cmd(@parts);
    die "@parts: $r->{status} $r->{text}\n" unless $r->{status} eq 'OK';
    return @{ $r->{untagged} };
}

sub login {
    my ($self, $user, $pass) = @_;
    return $self->ok("LOGIN \"$user\" \"$pass\"");
}

sub logout {
    my ($self) = @_;
    eval { $self->cmd('LOGOUT') };
    $self->close;
}

# ---- POP3
sub pop3 {
    my ($class, %o) = @_;
    my $self = $class->_connect(%o);
    $self->{greeting} = $self->line;
    return $self;
}

sub pop_cmd {
    my ($self, $cmd) = @_;
    $self->send("$cmd\r\n");
    return $self->line;
}

# A multi-line reply after its status line: undone dot-stuffing, CRLF line ends.
sub pop_multi {
    my ($self, $cmd) = @_;
    my $status = $self->pop_cmd($cmd);
    return ($status) unless $status =~ /^\+OK/;
    my $body = '';
    while ((my $line = $self->line) ne '.') {
        $line =~ s/^\.//;
        $body .= "$line\r\n";
    }
    return ($status, $body);
}

# ---- LMTP
sub lmtp {
    my ($class, %o) = @_;
    my $self = $class->_connect(%o);
    $self->{greeting} = $self->reply;
    return $self;
}

# All lines of one reply joined with "\n".
sub reply {
    my ($self) = @_;
    my @lines;
    while (1) {
        my $line = $self->line;
        push @lines, $line;
        last unless $line =~ /^\d{3}-/;
    }
    return join "\n", @lines;
}

sub lmtp_cmd {
    my ($self, $cmd) = @_;
    $self->send("$cmd\r\n");
    return $self->reply;
}

# Deliver one message; returns the replies of the accepted recipients after the dot, in order.
sub deliver {
    my ($self, $from, $rcpts, $message) = @_;
    my $r = $self->lmtp_cmd("MAIL FROM:<$from>");
    return ($r) unless $r =~ /^250/;
    my $n = 0;
    my @replies;
    for my $rcpt (@$rcpts) {
        $r = $self->lmtp_cmd("RCPT TO:<$rcpt>");
        if ($r =~ /^250/) { $n++ } else { push @replies, $r }
    }
    if (!$n) { $self->lmtp_cmd('RSET'); return @replies }
    $r = $self->lmtp_cmd('DATA');
    return ($r) unless $r =~ /^354/;
    $message =~ s/\r?\n/\r\n/g;
    $message =~ s/^\./../mg;
    $message .= "\r\n" unless $message =~ /\r\n\z/;
    $self->send("$message.\r\n");
    push @replies, map { $self->reply } 1 .. $n;
    return @replies;
}

1;
